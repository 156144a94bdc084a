/** How a model behaves in the mock: what it calls itself in answers and how fast it is. */
export interface ModelBehaviour {
  readonly answersAs: string;
  readonly ttftMedianMs: number;
  readonly tokensPerSecond: number;
  /** Tokens thought before the first visible one, as a median; 0 for models that do not reason. */
  readonly reasoningTokens: number;
}

const behaviours: Readonly<Record<string, ModelBehaviour>> = {
  "gpt-4o": model("gpt-4o-2024-08-06", 480, 78),
  "gpt-4o-mini": model("gpt-4o-mini-2024-07-18", 340, 92),
  "gpt-4.1": model("gpt-4.1-2025-04-14", 520, 84),
  "gpt-4.1-mini": model("gpt-4.1-mini-2025-04-14", 360, 104),
  "gpt-5": model("gpt-5-2025-08-07", 700, 88, 320),
  "gpt-5-mini": model("gpt-5-mini-2025-08-07", 520, 120, 192),
  "o4-mini": model("o4-mini-2025-04-16", 600, 110, 384),
  "claude-opus-4-1-20250805": model("claude-opus-4-1-20250805", 980, 46),
  "claude-sonnet-4-5-20250929": model("claude-sonnet-4-5-20250929", 720, 66),
  "claude-sonnet-4-5": model("claude-sonnet-4-5-20250929", 720, 66),
  "claude-haiku-4-5-20251001": model("claude-haiku-4-5-20251001", 420, 128),
  "claude-haiku-4-5": model("claude-haiku-4-5-20251001", 420, 128),
  "llama-3.3-70b-versatile": model("llama-3.3-70b-versatile", 140, 280),
  "mistral-small-latest": model("mistral-small-latest", 260, 110),
  "mistral-large-latest": model("mistral-large-latest", 420, 60),
  "gemini-2.5-flash": model("gemini-2.5-flash", 420, 190, 120),
  "gemini-2.5-pro": model("gemini-2.5-pro", 900, 90, 420),
  "command-a-03-2025": model("command-a-03-2025", 300, 95),
  "llama3.2": model("llama3.2", 180, 70),
  "deepseek-chat": model("deepseek-chat", 640, 48),
  "deepseek-reasoner": model("deepseek-reasoner", 680, 44, 220),
};

function model(answersAs: string, ttftMedianMs: number, tokensPerSecond: number, reasoningTokens = 0): ModelBehaviour {
  return { answersAs, ttftMedianMs, tokensPerSecond, reasoningTokens };
}

/** The behaviour of a model; a name that is not listed answers as itself at a middling pace. */
export function behaviourOf(name: string): ModelBehaviour {
  return behaviours[name] ?? model(name, 400, 80);
}

export const knownModels: readonly string[] = Object.keys(behaviours);
