import type { LoadOrder } from "./load.ts";

const distinctBodies = 64;
const vocabulary =
  "order parcel invoice window garden river because nothing always between station paper market little answer question customer delivery yesterday tomorrow kitchen engine battery summer winter contract refund address number street letter number please thanks sorry broken screen".split(
    " ",
  );

/** Complete HTTP requests with different prompts of about the wanted size. */
export function requestsFor(order: LoadOrder): Buffer[] {
  const target = new URL(order.url);
  return Array.from({ length: distinctBodies }, (_, index) => {
    const body = JSON.stringify({
      model: "gpt-4o-mini",
      ...(order.stream ? { stream: true } : {}),
      messages: [
        { role: "system", content: "You are a helpful assistant." },
        { role: "user", content: prose(order.promptBytes, index + 1) },
      ],
    });
    const headers = {
      ...order.headers,
      host: target.host,
      "content-type": "application/json",
      authorization: "Bearer sk-bench-0000",
    };
    const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return Buffer.from(
      `POST ${target.pathname} HTTP/1.1\r\n${head.join("")}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  });
}

function prose(bytes: number, seed: number): string {
  let text = "";
  let state = seed * 2_654_435_761;
  while (text.length < bytes) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += `${vocabulary[state % vocabulary.length]} `;
  }
  return text.slice(0, bytes);
}
