import type { Branch } from "@/api/sessions";

/** A run of rows of the same kind: the rows of 30,000 calls are a few of them. */
export type Segment =
  | { kind: "branch"; first: number; count: 1; depth: number; branch: Branch; name: string; open: boolean }
  | { kind: "calls"; first: number; count: number; depth: number; path: string; below: boolean }
  | { kind: "more"; first: number; count: 1; depth: number; path: string; missing: number };

/** A segment before it has its place. */
type Placed = Segment extends infer One ? (One extends Segment ? Omit<One, "first"> : never) : never;

/** The rows of a tree: an open branch has its own calls, then its branches. A branch with nothing but one branch is
 * drawn with it, as `plan/search`. */
export function segmentsOf(root: Branch, folded: ReadonlySet<string>): Segment[] {
  const segments: Segment[] = [];
  let first = 0;
  const add = (segment: Placed) => {
    segments.push({ ...segment, first } as Segment);
    first += segment.count;
  };
  // Without recursion: a path may have very many parts.
  const waiting: { branch: Branch; depth: number; name: string }[] = [];
  const below = (branch: Branch, depth: number) => {
    if (branch.own_calls) add({ kind: "calls", count: branch.own_calls, depth, path: branch.path, below: false });
    for (const child of [...branch.children].reverse()) waiting.push({ branch: child, depth, name: lastPart(child.path) });
  };
  below(root, 0);
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    let { branch, name } = next;
    while (!branch.own_calls && branch.child_count === 1 && branch.children.length === 1) {
      branch = branch.children[0]!;
      name += `/${lastPart(branch.path)}`;
    }
    const open = !folded.has(branch.path);
    add({ kind: "branch", count: 1, depth: next.depth, branch, name, open });
    if (!open) continue;
    below(branch, next.depth + 1);
    const missing = branch.child_count - branch.children.length;
    if (missing > 0) add({ kind: "more", count: 1, depth: next.depth + 1, path: branch.path, missing });
  }
  const missing = root.child_count - root.children.length;
  if (missing > 0) add({ kind: "more", count: 1, depth: 0, path: root.path, missing });
  return segments;
}

/** All calls in order of start. */
export function flatSegments(calls: number): Segment[] {
  return calls ? [{ kind: "calls", first: 0, count: calls, depth: 0, path: "/", below: true }] : [];
}

export function rowCount(segments: Segment[]): number {
  const last = segments.at(-1);
  return last ? last.first + last.count : 0;
}

/** The segment that holds a row, by halves. */
export function segmentAt(segments: Segment[], row: number): Segment | undefined {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (segments[middle]!.first <= row) low = middle;
    else high = middle - 1;
  }
  const found = segments[low];
  return found && row >= found.first && row < found.first + found.count ? found : undefined;
}

/** The row of the call that is `at` among the calls of a path; -1 where the path is folded or not there. */
export function rowOfCall(segments: Segment[], path: string, at: number): number {
  const found = segments.find((segment) => segment.kind === "calls" && !segment.below && segment.path === path);
  return found && at < found.count ? found.first + at : -1;
}

/** Every path above a path, itself included: `/a`, `/a/b`. */
export function pathsAbove(path: string): string[] {
  const parts = path.split("/").filter(Boolean);
  return parts.map((_, at) => `/${parts.slice(0, at + 1).join("/")}`);
}

/** The paths of all branches. */
export function allPaths(root: Branch): string[] {
  const paths: string[] = [];
  const waiting = [...root.children];
  for (let branch = waiting.pop(); branch; branch = waiting.pop()) {
    paths.push(branch.path);
    for (const child of branch.children) waiting.push(child);
  }
  return paths;
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The tree with more children at the end of one branch. */
export function withChildren(root: Branch, path: string, more: Branch[]): Branch {
  if (root.path === path) return { ...root, children: [...root.children, ...more] };
  const parts = pathsAbove(path);
  return { ...root, children: root.children.map((child) => (parts.includes(child.path) ? withChildren(child, path, more) : child)) };
}
