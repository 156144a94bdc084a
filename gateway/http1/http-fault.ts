/** What the other side sent is no HTTP/1.1 that may be acted on. The message says what is wrong, never what was sent. */
export class HttpFault extends Error {
  /** The status for a client that sent it. */
  readonly status: 400 | 408 | 414 | 431 | 501 | 505;

  constructor(status: HttpFault["status"], message: string) {
    super(message);
    this.name = "HttpFault";
    this.status = status;
  }
}
