/** What leaves the log, and how each is turned on. The names are those of `/api/exports/status`. */
export interface ExportKind {
  name: string;
  title: string;
  about: string;
  setting: string;
  /** What stands behind `perihelion serve`, and what else there is to set. */
  snippet: string;
  more?: string;
}

export const OTLP: ExportKind = {
  name: "otlp",
  title: "OpenTelemetry",
  about: "a span of each call, and metrics, by OTLP over HTTP",
  setting: "otel.endpoint",
  snippet: `export PERIHELION_OTEL_HEADERS="Authorization=Bearer <token>"   # where the receiver needs it
perihelion serve --set otel.endpoint=http://localhost:4318`,
  more: "Prompts and answers leave only with otel.bodies=true. With otel.durable=true calls stay in the spool until the receiver has taken them.",
};

export const JSONL: ExportKind = {
  name: "jsonl",
  title: "JSON lines",
  about: "an object a call, in a file that is rotated",
  setting: "sink.jsonl.path",
  snippet: "perihelion serve --set sink.jsonl.path=/var/log/perihelion/calls.jsonl",
  more: "With sink.jsonl.bodies=true prompts and answers are in it.",
};

export const PARQUET: ExportKind = {
  name: "parquet",
  title: "Parquet files",
  about: "a file an hour, in a folder or in S3-compatible storage",
  setting: "parquet.target",
  snippet: `perihelion serve --set parquet.target=s3://my-bucket/calls --set parquet.region=eu-central-1
perihelion serve --set parquet.target=/var/lib/calls               # or a folder`,
  more: "For storage other than AWS set parquet.endpoint, parquet.access_key and parquet.secret_key.",
};

export const PROMETHEUS_SCRAPE = `scrape_configs:
  - job_name: perihelion
    static_configs:
      - targets: ["GATEWAY", "CONTROL"]`;
