import { useMe } from "@/api/me";

export const ROLES = ["viewer", "member", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** Whether a role includes another. */
export function includes(role: string | undefined, need: Role): boolean {
  return ROLES.indexOf((role ?? "") as Role) >= ROLES.indexOf(need);
}

/** Whether who is logged in may do what needs a role. */
export function useMay(need: Role): boolean {
  return includes(useMe().data?.role, need);
}
