import { column } from "../../design/grid-columns.ts";

export const callColumns = [
  column("time", "Time", "76px", 0, false, "When the call began."),
  column("status", "Status", "96px", 620, false, "ok, error, cancelled, cut or interrupted."),
  column("model", "Model", "minmax(120px, 190px)", 0, false, "The model that answered, or the one asked for."),
  column("preview", "Call", "minmax(140px, 1fr)", 0, false, "The last thing that the user said, and the answer."),
  column("user", "User", "minmax(70px, 120px)", 1040, false, "Who it was done for."),
  column("ttft", "TTFT", "72px", 720, true, "Time to first token: from the request to the first content."),
  column("duration", "Duration", "76px", 460, true, "From the request to the last byte."),
  column("tokens", "Tokens", "104px", 840, true, "Input → output; cached reads and reasoning included."),
  column("cost", "Cost", "84px", 540, true, "Usage × price; open the call to see each line."),
] as const;
