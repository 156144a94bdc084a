export {
  type Aggregation,
  checkAggregation,
  type HavingCondition,
  type Measure,
  type MeasureFunction,
  measureName,
  type Ordering,
} from "./aggregation.ts";
export { checkFilter } from "./check-filter.ts";
export { fieldsBeginning, type Typing, typingAtEnd } from "./complete.ts";
export { containing, oneOf } from "./condition.ts";
export { parseExpression, type RowExpression } from "./expression.ts";
export { attributeKey, type Field, type FieldType, fieldNamed, queryFields } from "./fields.ts";
export {
  allOf,
  anyOf,
  type Condition,
  conditionsOf,
  everything,
  type Filter,
  mentions,
  not,
  type Operator,
  type Value,
} from "./filter.ts";
export { FilterError } from "./filter-error.ts";
export { aggregationLimits, filterLimits } from "./limits.ts";
export { type FilterRow, matcherOf, type RowMatcher, unmatchableFields } from "./match-filter.ts";
export { parseFilter } from "./parse-filter.ts";
export { type PatternPart, partsOfPattern, patternOf } from "./pattern.ts";
export { printFilter } from "./print-filter.ts";
