/**
 * Whether a request was made by a page of another site, as browsers tell it. A page in a browser on this machine can
 * send to every port of it: being on this machine is no credential then. `origin` and `site` are the headers `Origin`
 * and `Sec-Fetch-Site`; a page whose name was made to lead here (DNS rebinding) is told by its origin.
 */
export function isFromForeignPage(origin: string | undefined, site: string | undefined): boolean {
  if (site === "cross-site") return true;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || !ownHost.test(new URL(origin).hostname);
}

const ownHost = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/;
