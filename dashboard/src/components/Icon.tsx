/** Line icons of 16 px, drawn for this page: no icon font, nothing to load. */
const PATHS = {
  overview: "M2.5 13V8M6.2 13V3M9.8 13V6M13.5 13V9.5",
  requests: "M2 4h12M2 8h12M2 12h8",
  sessions: "M3 3v10h10M6 6h7M6 9.5h5",
  users: "M8 8.1a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2ZM3 13.5c.6-2.6 2.5-4 5-4s4.4 1.4 5 4",
  errors: "M8 2.5 14 13H2ZM8 6.5v3M8 11.2v.2",
  prompts: "M3 3h10v8H7l-3 2.500V11H3z",
  play: "M5 3.5v9l7-4.5z",
  models: "M8 2.5 13.5 5.200 8 8 2.500 5.200ZM2.500 8 8 10.800 13.500 8M2.500 10.800 8 13.500 13.500 10.800",
  properties: "M2.500 7.500V3h4.500l6.500 6.500-4.500 4.500ZM5 5.300v.2",
  boards: "M2.500 3h5v4.500h-5ZM9.500 3h4v7h-4ZM2.500 9.500h5V13h-5ZM9.500 12h4v1h-4Z",
  sql: "m5 5-3 3 3 3M11 5l3 3-3 3M9.500 3l-3 10",
  cache: "M3 4c0-1.100 2.200-2 5-2s5 .9 5 2-2.200 2-5 2-5-.9-5-2ZM3 4v8c0 1.100 2.200 2 5 2s5-.9 5-2V4M3 8c0 1.100 2.200 2 5 2s5-.9 5-2",
  limits: "M13.500 11a5.500 5.500 0 1 0-11 0M8 11l2.800-3.600",
  settings:
    "M8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 2v2M8 12v2M2 8h2M12 8h2M3.800 3.800l1.400 1.400M10.800 10.800l1.400 1.400M12.200 3.800l-1.400 1.400M5.200 10.800l-1.400 1.400",
  bell: "M4 11V7a4 4 0 0 1 8 0v4l1 1.500H3zM6.800 14h2.400",
  search: "M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9ZM10.300 10.300 14 14",
  close: "m4 4 8 8M12 4l-8 8",
  check: "m3 8.500 3.500 3.500L13 4.500",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  down: "m4 6 4 4 4-4",
  up: "m4 10 4-4 4 4",
  right: "m6 4 4 4-4 4",
  left: "m10 4-4 4 4 4",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  download: "M8 3v7M5 7.500 8 10.500l3-3M3 13h10",
  refresh: "M13 8a5 5 0 1 1-1.600-3.700M13 2.500V5h-2.500",
  clock: "M8 13.500a5.500 5.500 0 1 0 0-11 5.500 5.500 0 0 0 0 11ZM8 5v3.200l2 1.300",
  columns: "M3 3h10v10H3zM8 3v10",
  link: "M6.500 9.500l3-3M7 4.500l1.500-1.500a2.800 2.800 0 0 1 4 4L11 8.500M9 11.500 7.500 13a2.800 2.800 0 0 1-4-4L5 7.500",
  moon: "M13 9.500A5.500 5.500 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500Z",
  sun: "M8 10.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM8 1.800v1.400M8 12.800v1.400M1.800 8h1.400M12.800 8h1.400M3.600 3.600l1 1M11.400 11.400l1 1M12.400 3.600l-1 1M4.600 11.400l-1 1",
  menu: "M2 4.500h12M2 8h12M2 11.500h12",
  trash: "M3 4.500h10M6.500 4.500V3h3v1.500M4.500 4.500l.6 8.500h5.800l.6-8.500",
  edit: "M3 13l.6-2.600L10.500 3.500l2 2-6.900 6.900Z",
  star: "m8 2.500 1.700 3.500 3.800.5-2.800 2.700.7 3.800L8 11.200 4.600 13l.7-3.800L2.500 6.500l3.800-.5Z",
  external: "M9.500 3H13v3.500M13 3 7.500 8.500M11 9v4H3V5h4",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth={1.5} strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
