import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { LoginBody, RedeemBody } from "@weir/api/contract";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { ApiError, ask } from "../data/client.ts";
import { signInOptionsQuery } from "../data/people-queries.ts";
import { meQuery } from "../data/queries.ts";
import { Button, buttonClass } from "../design/button.tsx";
import { CodeBlock } from "../design/code-block.tsx";
import { Field } from "../design/field.tsx";
import { WeirMark } from "../views/frame/weir-mark.tsx";

const route = getRouteApi("/sign-in");

/** By a link with a token, by e-mail and password, or by single sign-on. */
export function SignInPage() {
  const { token, next, failed, organization } = route.useSearch();
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const me = useQuery({ ...meQuery, retry: false });
  const enter = async () => {
    await client.invalidateQueries({ queryKey: ["me"] });
    // Only pages of our own: a link must not lead a signed-in user away.
    const target = next?.startsWith("/") === true && !next.startsWith("//") ? next : "/";
    await navigate({ href: target.startsWith("/ui") ? target : `/ui${target}`, replace: true });
  };
  const redeem = useMutation({
    mutationFn: (body: RedeemBody) => ask<void>("/api/v1/auth/redeem", { method: "POST", body }),
    onSuccess: enter,
  });
  // A link works once: it is redeemed once, though React mounts twice in development.
  const redeemed = useRef<string>(undefined);
  const { mutate } = redeem;
  useEffect(() => {
    if (token === undefined || redeemed.current === token) return;
    redeemed.current = token;
    mutate({ token });
  }, [token, mutate]);
  return (
    <main className="h-full overflow-auto">
      <title>Sign in · Weir</title>
      <div className="mx-auto flex min-h-full w-full max-w-sm flex-col justify-center gap-6 p-6">
        <div className="flex items-center gap-3">
          <WeirMark size={36} />
          <h1 className="text-xl font-semibold tracking-tight">Sign in to Weir</h1>
        </div>
        {redeem.isPending && (
          <p role="status" className="appear-late text-muted">
            Signing you in…
          </p>
        )}
        {redeem.isError && (
          <div role="alert" className="rounded-lg border border-line bg-bad-soft p-3">
            <p className="font-medium">This link no longer works.</p>
            <p className="mt-1 text-muted">
              {redeem.error instanceof ApiError && redeem.error.status !== 401 && redeem.error.status !== 404
                ? redeem.error.message
                : "A sign-in link works once and for a short time. Make a new one as shown below."}
            </p>
          </div>
        )}
        {failed !== undefined && <SsoFailure isRefused={failed === "refused"} />}
        {me.isSuccess && !redeem.isPending && (
          <Button variant="primary" className="justify-center" onClick={() => void enter()}>
            Continue as {me.data.user?.email ?? "the owner of this machine"}
          </Button>
        )}
        <PasswordForm onSuccess={enter} />
        <SignOn
          next={next}
          organization={organization}
          onOrganization={(named) =>
            void navigate({ to: "/sign-in", search: { ...(next !== undefined && { next }), organization: named } })
          }
        />
        <div className="flex flex-col gap-2">
          <p className="text-muted">Or, on the machine that Weir runs on, print a new sign-in link:</p>
          <CodeBlock code="npm run weir -- link" />
        </div>
      </div>
    </main>
  );
}

function SsoFailure({ isRefused }: { isRefused: boolean }) {
  return (
    <div role="alert" className="rounded-lg border border-line bg-bad-soft p-3">
      <p className="font-medium">Single sign-on did not let you in.</p>
      <p className="mt-1 text-muted">
        {isRefused
          ? "Your account has no role here, or the sign-in took too long. Ask an owner of your organisation, or try again."
          : "The identity provider could not be reached, or its answer could not be trusted. Weir's log has the reason."}
      </p>
    </div>
  );
}

interface SignOnProps {
  readonly next: string | undefined;
  readonly organization: string | undefined;
  readonly onOrganization: (organization: string) => void;
}

/** The identity providers of the one organisation that has some, or of the one that is named; nothing where there are none. */
function SignOn({ next, organization, onOrganization }: SignOnProps) {
  const options = useQuery(signInOptionsQuery(organization));
  const providers = options.data?.providers ?? [];
  const query = next === undefined ? "" : `?${new URLSearchParams({ next })}`;
  const isMissed = organization !== undefined && (options.isError || (options.isSuccess && providers.length === 0));
  if (options.data?.needs_organization === true || isMissed) {
    return <OrganizationForm initial={organization ?? ""} isMissed={isMissed} onSubmit={onOrganization} />;
  }
  if (providers.length === 0) return null;
  return (
    <div className="flex flex-col gap-2">
      {providers.map(({ id, name, organization_name, path }) => (
        <a key={id} href={path + query} className={`${buttonClass()} justify-center`}>
          Continue with {name}
          <span className="text-faint">{organization_name}</span>
        </a>
      ))}
    </div>
  );
}

interface OrganizationFormProps {
  readonly initial: string;
  readonly isMissed: boolean;
  readonly onSubmit: (organization: string) => void;
}

function OrganizationForm({ initial, isMissed, onSubmit }: OrganizationFormProps) {
  const [organization, setOrganization] = useState(initial);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit(organization.trim());
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Field
        label="Organisation, for single sign-on"
        autoComplete="organization"
        required
        value={organization}
        onChange={(event) => setOrganization(event.target.value)}
      />
      {isMissed && (
        <p role="alert" className="text-bad">
          No single sign-on is known by this id. It is in the sign-in address that your organisation gave you.
        </p>
      )}
      <Button type="submit" className="justify-center">
        Continue with single sign-on
      </Button>
    </form>
  );
}

function PasswordForm({ onSuccess }: { onSuccess: () => Promise<void> }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const login = useMutation({
    mutationFn: (body: LoginBody) => ask<unknown>("/api/v1/auth/login", { method: "POST", body }),
    onSuccess,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate({ email, password });
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3">
      <Field
        label="E-mail"
        type="email"
        autoComplete="username"
        required
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <Field
        label="Password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      {login.isError && (
        <p role="alert" className="text-bad">
          {login.error instanceof ApiError && login.error.status === 401
            ? "This e-mail and password do not match."
            : login.error.message}
        </p>
      )}
      <Button type="submit" variant="primary" disabled={login.isPending} className="justify-center">
        Sign in
      </Button>
    </form>
  );
}
