/** What puts a call into a session. */
export const SESSION_HEADERS = `Helicone-Session-Id: trip-88-1043
Helicone-Session-Path: /plan/search
Helicone-Session-Name: Book a trip`;
