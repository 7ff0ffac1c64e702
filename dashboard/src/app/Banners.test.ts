import { expect, it } from "vitest";
import type { Status } from "@/api/status";
import { wordsOf } from "./Banners";

const well: Status = {
  version: "1",
  gateway: { url: "http://127.0.0.1:8787", keys_required: false, policy: "", cache_entry_bytes: 1, problem: "" },
  log: { ready: true, problem: "", lag_bytes: 900, behind_s: 0.4, ttl_days: 0, body_ttl_days: 0 },
  providers: [],
  prices_folder: false,
};

it("says nothing where all is well, also while the shipper is a moment behind", () => expect(wordsOf(well)).toEqual([]));

it("says how far the log is behind, and why", () => {
  const words = wordsOf({ ...well, log: { ...well.log, behind_s: 185, lag_bytes: 5_300_000, problem: "disk full" } });
  expect(words).toEqual(["The log is 3 min 5 s behind: 5.3 MB of calls are kept but not in it yet. The store says: disk full."]);
});

it("says that the gateway is away and that the log is not open", () => {
  const words = wordsOf({ ...well, gateway: { ...well.gateway, problem: "Connection refused" }, log: { ...well.log, ready: false } });
  expect(words[0]).toContain("http://127.0.0.1:8787 does not answer (Connection refused)");
  expect(words[1]).toContain("it is opening");
});
