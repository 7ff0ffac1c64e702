import { sql, SQLDialect } from "@codemirror/lang-sql";
import type { Extension } from "@codemirror/state";
import type { SqlView } from "@/api/sql";

const KEYWORDS =
  "select from where group by order having limit offset join left right inner full cross asof any all array on using as and or not in is null like ilike between case when then else end with totals rollup cube distinct union except intersect asc desc nulls first last interval over partition rows range preceding following current row unbounded true false prewhere sample final window filter exists global";
const TYPES = "string uint8 uint16 uint32 uint64 int8 int16 int32 int64 float32 float64 decimal date date32 datetime datetime64 nullable map tuple uuid bool";
/** Functions that are asked for most; all others work as well. */
const FUNCTIONS =
  "count countIf sum sumIf avg avgIf min minIf max maxIf any anyLast argMin argMax uniq uniqExact quantile quantiles quantileIf median stddevPop groupArray groupUniqArray topK toDate toDateTime toStartOfMinute toStartOfFiveMinutes toStartOfFifteenMinutes toStartOfHour toStartOfDay toStartOfWeek toStartOfMonth toStartOfInterval toHour toDayOfWeek toYYYYMM formatDateTime now today yesterday dateDiff addDays subtractDays if multiIf coalesce ifNull nullIf isNull isNotNull round floor ceil abs intDiv modulo least greatest toString toUInt64 toInt64 toFloat64 length lower upper substring concat splitByChar replaceAll position match extract startsWith endsWith trim like JSONExtractString JSONExtractInt JSONExtractFloat JSONExtractBool JSONExtractRaw JSONHas mapKeys mapValues mapContains has arrayJoin arrayMap arrayFilter arrayElement rank row_number lagInFrame leadInFrame dense_rank";

const DIALECT = SQLDialect.define({
  keywords: KEYWORDS,
  types: TYPES,
  builtin: FUNCTIONS,
  backslashEscapes: true,
  identifierQuotes: '`"',
  caseInsensitiveIdentifiers: true,
  operatorChars: "*+-%<>!=&|~^/?:",
});

const BY_LOWER = new Map(FUNCTIONS.split(" ").map((name) => [name.toLowerCase(), name]));

/** The engine's SQL with names of our views and columns. */
export function dialect(views: SqlView[]): Extension {
  const schema = Object.fromEntries(
    views.map((view) => [
      view.name,
      {
        self: { label: view.name, type: "type", detail: "view", info: view.help },
        children: view.columns.map((column) => ({ label: column.name, type: "property", detail: column.type, boost: 2, ...(column.help ? { info: column.help } : {}) })),
      },
    ]),
  );
  return sql({
    dialect: DIALECT,
    schema,
    defaultTable: "requests",
    keywordCompletion: (label, type) => {
      const name = BY_LOWER.get(label.toLowerCase());
      return name ? { label: name, type: "function", detail: "function", apply: `${name}(` } : { label: type === "type" ? label : label.toUpperCase(), type, boost: -1 };
    },
  });
}
