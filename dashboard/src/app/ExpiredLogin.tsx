import { Modal } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { setCsrf } from "@/api/client";

const LoginForm = lazy(() => import("@/pages/login/LoginForm").then((module) => ({ default: module.LoginForm })));

/** Over an open page whose session has ended: log in again, and the page goes on as it was, with what was typed. */
export function ExpiredLogin({ email }: { email: string }) {
  const [open, setOpen] = useState(false);
  const queries = useQueryClient();
  useEffect(() => {
    const show = () => setOpen(true);
    addEventListener("perihelion:expired", show);
    return () => removeEventListener("perihelion:expired", show);
  }, []);
  return (
    <Modal opened={open} onClose={() => setOpen(false)} title="Your session has ended" size="sm" closeOnClickOutside={false}>
      <Suspense fallback={null}>
        <LoginForm
          email={email}
          next={location.pathname + location.search}
          onDone={(me) => {
            setCsrf(me.csrf ?? "");
            setOpen(false);
            void queries.invalidateQueries();
          }}
        >
          <p style={{ margin: 0, color: "var(--ink-2)" }}>Log in again. This page stays as it is, with all that you typed.</p>
        </LoginForm>
      </Suspense>
    </Modal>
  );
}
