import { column } from "../../design/grid-columns.ts";

export const callColumns = [
  column("time", "Time", "72px", 0, false, "When the call began."),
  column("status", "", "16px", 460, false, "ok, error, cancelled, cut or interrupted."),
  column("model", "Model", "minmax(96px, 180px)", 0, false, "The model that answered, or the one asked for."),
  column("preview", "Call", "minmax(100px, 3fr)", 0, false, "The last thing that the user said, and the answer."),
  column("user", "User", "minmax(70px, 140px)", 1000, false, "Who it was done for."),
  column("ttft", "TTFT", "64px", 700, true, "Time to first token: from the request to the first content."),
  column("duration", "Duration", "68px", 460, true, "From the request to the last byte."),
  column("tokens", "Tokens", "96px", 940, true, "Input → output; cached reads and reasoning included."),
  column("cost", "Cost", "80px", 540, true, "Usage × price; open the call to see each line."),
] as const;
