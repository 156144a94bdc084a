/** What the UI may import: everything here runs in a browser. */

export { type Column, type ColumnTypes, spanColumns } from "./columns.ts";
export { type ConversationSource, readConversation } from "./conversation/read-conversation.ts";
export {
  type CostClass,
  type CostExplanation,
  type CostedRow,
  type CostLine,
  explainCost,
  type RateName,
} from "./cost-explanation.ts";
export { CodedError, type ErrorBody, type ErrorCode, type ErrorDetail, errorCatalogue } from "./errors.ts";
export {
  greaterRole,
  isAtLeast,
  isKeyScope,
  isMemberRole,
  type KeyScope,
  keyScopes,
  type MemberRole,
  memberRoles,
} from "./member-role.ts";
export {
  type Conversation,
  type ErrorPart,
  type MediaPart,
  type MediaSource,
  type Message,
  type Part,
  type ReasoningPart,
  type ResponseMessage,
  type ToolCallPart,
  type ToolDefinition,
  type ToolResultPart,
  textOf,
  toolCallsOf,
} from "./message.ts";
export { metricAggregations } from "./metric-aggregation.ts";
export { nearestWord } from "./nearest-word.ts";
export { ownValue } from "./own-value.ts";
export { longestRetentionDays } from "./retention.ts";
export { billedKinds } from "./span-kind.ts";
export { readStreamRhythm, type StreamRhythm, streamGapsAttribute } from "./stream-rhythm.ts";
export { generationTokensPerSecond, prefillTokensPerSecond, type TimedRow, timePerOutputTokenNs } from "./timing.ts";
export type { Usage, UsageSource } from "./usage.ts";
