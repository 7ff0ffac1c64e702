export type Language = "Python" | "TypeScript";

const PYTHON = `import base64, hashlib, hmac, os, time

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))

def is_genuine(headers, body: bytes) -> bool:
    id, sent = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(sent)) > 300:  # old, sent again
        return False
    signed = f"{id}.{sent}.".encode() + body
    digest = hmac.new(KEY, signed, hashlib.sha256).digest()
    mine = "v1," + base64.b64encode(digest).decode()
    theirs = headers["webhook-signature"].split()
    return any(hmac.compare_digest(mine, each) for each in theirs)`;

const TYPESCRIPT = `import { createHmac, timingSafeEqual } from "node:crypto";

const secret = process.env.WEBHOOK_SECRET!.replace(/^whsec_/, "");
const key = Buffer.from(secret, "base64");

export function isGenuine(headers: Headers, body: string): boolean {
  const id = headers.get("webhook-id")!;
  const sent = headers.get("webhook-timestamp")!;
  if (Math.abs(Date.now() / 1000 - Number(sent)) > 300) return false; // old, sent again
  const digest = createHmac("sha256", key).update(\`\${id}.\${sent}.\${body}\`).digest("base64");
  const mine = Buffer.from("v1," + digest);
  return headers.get("webhook-signature")!.split(" ").some((each) => {
    const theirs = Buffer.from(each);
    return theirs.length === mine.length && timingSafeEqual(theirs, mine);
  });
}`;

const HELICONE_PYTHON = `import hashlib, hmac, os

SECRET = os.environ["WEBHOOK_SECRET"].encode()  # with its whsec_

def is_genuine(headers, body: bytes) -> bool:
    mine = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(mine, headers["helicone-signature"])`;

const HELICONE_TYPESCRIPT = `import { createHmac, timingSafeEqual } from "node:crypto";

const secret = process.env.WEBHOOK_SECRET!; // with its whsec_

export function isGenuine(headers: Headers, body: string): boolean {
  const mine = createHmac("sha256", secret).update(body).digest();
  const theirs = Buffer.from(headers.get("helicone-signature")!, "hex");
  return theirs.length === mine.length && timingSafeEqual(theirs, mine);
}`;

/** Code that checks the signature of a message: of Standard Webhooks, and of Helicone's own header. The tests of the browser run the Python. */
export const VERIFY: Record<"standard" | "helicone", Record<Language, string>> = {
  standard: { Python: PYTHON, TypeScript: TYPESCRIPT },
  helicone: { Python: HELICONE_PYTHON, TypeScript: HELICONE_TYPESCRIPT },
};
