/** The written texts of the demo: what people ask and what the mock answers. Lookup is by the prompt's exact text. */
export interface WrittenExchange {
  readonly topic: "support" | "coding" | "summary" | "research" | "portuguese";
  readonly prompt: string;
  readonly answer: string;
  /** What a reasoning model thinks first. */
  readonly thought?: string;
}

const support: readonly WrittenExchange[] = [
  {
    topic: "support",
    prompt:
      "My order 48213 was meant to arrive on Tuesday and the tracking page has not changed since Sunday. Where is it?",
    thought:
      "The customer is worried about order 48213. The tracking has not moved since Sunday, so it is probably waiting at the regional hub. I should say what I know, give a date, and offer the next step without making them ask again.",
    answer: `I'm sorry about the wait. Order **48213** left our warehouse on Friday and was scanned at the Porto regional hub on Sunday at 21:14. It has not been scanned since, which usually means that it is waiting for the last-mile carrier.

Here is what happens now:

1. I have opened a trace with the carrier (reference \`TR-77120\`). They answer within one working day.
2. If the parcel is found, it should reach you by **Thursday**.
3. If it is not found by Thursday evening, we send a replacement by express at no cost. You do not need to contact us again.

Would you rather have a refund than a replacement if it comes to that?`,
  },
  {
    topic: "support",
    prompt: "Would rather have a refund, please. How long does that take?",
    answer: `Of course. I have noted that you prefer a refund for order 48213.

- **Card payments** come back in 3 to 5 working days after we confirm it.
- **PayPal** is usually the same day.

You paid by card ending in 4471, so expect it by the middle of next week if the parcel does not turn up on Thursday. You will get an e-mail at each step.`,
  },
  {
    topic: "support",
    prompt: "I was charged twice for my subscription this month. Can you fix it?",
    answer: `Thank you for telling us. I can see two charges of **€14.90** on 3 November: one for the renewal, and one that was made when the plan was changed from monthly to yearly eleven minutes later.

The second charge should have been reduced by the unused part of the first. I have refunded the full **€14.90** of the duplicate; it will be back on your card in 3 to 5 working days. Your yearly plan is active until 3 November next year.

Is there anything else on the invoice that does not look right?`,
  },
  {
    topic: "support",
    prompt: "How do I export all of my data before I close my account?",
    answer: `You can export everything yourself, and it takes a few minutes:

1. Open **Settings → Privacy → Export my data**.
2. Choose what to include (messages, files, invoices). All three are ticked by default.
3. Press **Prepare export**. We e-mail you a link when the archive is ready, usually within ten minutes.

The link works for seven days. Close the account only after you have opened the archive and checked it: closing deletes everything after 30 days, and we cannot bring it back after that.`,
  },
  {
    topic: "support",
    prompt: "The app logs me out every time I switch networks. Android 16, version 5.2.1.",
    answer: `That should not happen, and I believe I know why it does. Version 5.2.1 ties the session to the network's address as part of a security setting called *strict sessions*. On Android 16 switching from Wi-Fi to mobile data looks like a new device to it.

**For now:** Settings → Security → turn *Strict sessions* off. You will stay signed in when the network changes.

**The fix** is in 5.2.3, which is rolling out this week. After updating you can turn the setting on again. If you are still logged out after that, send me the time it happened and I will look at the server's side of it.`,
  },
];

const coding: readonly WrittenExchange[] = [
  {
    topic: "coding",
    prompt:
      "Write a TypeScript function that runs async tasks with a limit on how many run at once, keeping the order of the results.",
    thought:
      "They want a concurrency-limited map. Keep the order by index, start `limit` workers that pull from a shared iterator, propagate the first error. No dependencies. Mention that remaining tasks are not started after a failure.",
    answer: `Start a fixed number of workers that all take from the same list. Results keep their order because each is stored at its task's index.

\`\`\`ts
export async function mapWithLimit<In, Out>(
  items: readonly In[],
  limit: number,
  run: (item: In, index: number) => Promise<Out>,
): Promise<Out[]> {
  const results = new Array<Out>(items.length);
  let next = 0;

  async function worker(): Promise<void> {
    while (next < items.length) {
      const index = next++;
      results[index] = await run(items[index]!, index);
    }
  }

  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
\`\`\`

Two things to know:

- \`next++\` needs no lock: JavaScript runs it without interruption, and each worker takes its index before it awaits.
- The first rejection rejects the whole call. Tasks that are already running go on, but their results are dropped. Pass an \`AbortSignal\` to \`run\` if they should stop.`,
  },
  {
    topic: "coding",
    prompt:
      "This query takes 40 seconds on 12 million rows. SELECT * FROM orders WHERE date(created_at) = '2026-11-02' AND status = 'paid';",
    thought:
      "The function around created_at stops the index from being used. Rewrite as a half-open range and suggest a composite index with the equality column first. SELECT * also prevents an index-only scan.",
    answer: `The function around the column is the problem: \`date(created_at)\` has to be computed for every row, so an index on \`created_at\` cannot be used.

Write the day as a half-open range instead:

\`\`\`sql
SELECT id, customer_id, total_cents, created_at
FROM orders
WHERE status = 'paid'
  AND created_at >= TIMESTAMPTZ '2026-11-02 00:00:00Z'
  AND created_at <  TIMESTAMPTZ '2026-11-03 00:00:00Z';
\`\`\`

and give it an index with the equality column first:

\`\`\`sql
CREATE INDEX CONCURRENTLY orders_status_created_at ON orders (status, created_at);
\`\`\`

On a table of this size I would expect well under 50 ms. Check with \`EXPLAIN (ANALYZE, BUFFERS)\`: you want *Index Scan using orders_status_created_at* and few *shared read* blocks. Also name the columns that you need; \`SELECT *\` fetches every wide column from the heap.`,
  },
  {
    topic: "coding",
    prompt: "Why does this print 3 three times? for (var i = 0; i < 3; i++) setTimeout(() => console.log(i));",
    answer: `Because there is only one \`i\`. \`var\` belongs to the function, not to the loop's body, so all three callbacks close over the same variable, and by the time they run the loop has left it at **3**.

\`\`\`js
for (let i = 0; i < 3; i++) setTimeout(() => console.log(i)); // 0, 1, 2
\`\`\`

With \`let\` every turn of the loop gets its own \`i\`. That is the whole fix.`,
  },
  {
    topic: "coding",
    prompt: "Review this: func add(m map[string]int, k string) { go func() { m[k]++ }() }",
    thought:
      "Concurrent map write without synchronisation: Go runtime may throw a fatal error, not recoverable. Also the goroutine's lifetime is unknown. Suggest a mutex-protected counter.",
    answer: `Two problems, the first one serious.

**1. Unsynchronised map write.** Two goroutines that call \`m[k]++\` at once are a data race. Go's runtime detects many of these and stops the program with \`fatal error: concurrent map writes\`, which \`recover\` cannot catch.

**2. Nobody waits.** The caller cannot know when the increment has happened, so a read right after \`add\` sees the old value.

\`\`\`go
type Counter struct {
	mu sync.Mutex
	m  map[string]int
}

func (c *Counter) Add(k string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.m[k]++
}
\`\`\`

The goroutine buys nothing here: taking an uncontended lock costs about 20 ns, starting a goroutine more than ten times that. Run the tests with \`-race\` to be sure.`,
  },
];

const summaries: readonly WrittenExchange[] = [
  {
    topic: "summary",
    prompt:
      "Summarise in three bullet points: The city council voted 9 to 4 on Monday to turn the former rail yard into a park. Work starts in March and will cost 18 million euros, of which the region pays half. The four who voted against wanted housing on the northern third of the land. The plan keeps the old signal box as a café and adds 900 trees; the cycle path along the river will be closed until summer.",
    answer: `- **Decision:** the council voted 9 to 4 to turn the former rail yard into a park with 900 new trees, keeping the signal box as a café; the four opponents wanted housing on the northern third.
- **Money and time:** work starts in March and costs €18 million, half of it paid by the region.
- **Effect on residents:** the cycle path along the river is closed until summer.`,
  },
  {
    topic: "summary",
    prompt:
      "Turn these meeting notes into action items: Ana will ask legal about the data agreement before Friday. We agreed to move the launch to 12 January. Tom thinks the load test must be repeated with 2x traffic; he does it next week. Nobody owns the status page yet. Marketing needs screenshots by the 20th, Lia sends them.",
    answer: `| Who | What | By |
|---|---|---|
| Ana | Ask legal about the data agreement | Friday |
| Tom | Repeat the load test at twice the traffic | next week |
| Lia | Send screenshots to marketing | the 20th |
| **open** | Find an owner for the status page | – |

Decision: the launch moves to **12 January**.`,
  },
  {
    topic: "summary",
    prompt:
      "Classify the sentiment of this review as positive, neutral or negative, one word only: 'Battery lasts two days, screen is great, but the speaker crackles at half volume.'",
    answer: "Neutral",
  },
];

const research: readonly WrittenExchange[] = [
  {
    topic: "research",
    prompt: "Compare the three suppliers for the Lisbon office's coffee and recommend one.",
    thought:
      "I need prices, delivery terms and the contract length for each supplier. The catalogue tool has prices; the delivery terms are in the mailbox. I will look up both before comparing.",
    answer: `## Recommendation: **Torra & Filhos**

| | Torra & Filhos | Café Central | BeanDirect |
|---|---|---|---|
| Price per kg | €17.40 | €15.90 | €19.80 |
| Delivery | weekly, free | every 2 weeks, €12 | weekly, free over €100 |
| Contract | none | 12 months | 3 months |
| Rating of the team's tasting | 8.6 | 7.1 | 8.8 |

For about 24 kg a month Torra & Filhos costs **€418**, Café Central **€406** with its delivery, BeanDirect **€475**. Café Central saves €12 a month but ties us for a year and came last in the tasting. BeanDirect tasted best by a hair, for €57 more.

**Next step:** a trial month with Torra & Filhos; no contract is needed for it.`,
  },
  {
    topic: "research",
    prompt: "Find out why checkout errors rose on Sunday evening and write a short incident note.",
    thought:
      "First the error rate by service, then the deploys of that evening, then the logs of the service that stands out.",
    answer: `### Incident note: checkout errors, Sunday 18:42 to 19:27

**What users saw.** 3.1 % of checkouts failed with "payment could not be started". Retrying worked for most.

**Cause.** The 18:40 release of \`payment-session\` lowered its connection pool from 40 to 4 (a default that was lost when the settings moved to the new file). Under Sunday's traffic requests waited for a connection and timed out after 5 s.

**Fix.** Rolled back at 19:24; errors were back to 0.02 % three minutes later.

**So that it does not happen again**
- The pool's size is required in the settings; a missing value stops the start.
- The release check compares error rates for ten minutes, not two.`,
  },
];

const portuguese: readonly WrittenExchange[] = [
  {
    topic: "portuguese",
    prompt: "Olá! A minha encomenda chegou com o ecrã partido. O que devo fazer?",
    answer: `Lamento muito que o ecrã tenha chegado partido. Vamos resolver isto já.

1. **Tire duas fotografias**: uma do ecrã e uma da caixa, com a etiqueta visível.
2. Responda a esta mensagem com as fotografias. Não precisa de preencher nenhum formulário.
3. A transportadora recolhe a encomenda em sua casa amanhã, entre as 9h e as 13h, sem custos.

O artigo novo sai do armazém assim que a recolha for registada e chega em dois dias úteis. Se preferir o reembolso, diga-me e trato disso em vez da troca.`,
  },
  {
    topic: "portuguese",
    prompt:
      "Resume este texto numa frase: O novo comboio noturno entre Lisboa e Madrid começa a circular em abril, com três partidas por semana, e a viagem dura cerca de nove horas.",
    answer:
      "A partir de abril haverá um comboio noturno entre Lisboa e Madrid, três vezes por semana, com uma viagem de cerca de nove horas.",
  },
  {
    topic: "portuguese",
    prompt: "Explica a diferença entre uma fila e uma pilha com um exemplo do dia a dia.",
    answer: `Uma **fila** funciona como a da padaria: quem chega primeiro é atendido primeiro (*first in, first out*). Uma **pilha** funciona como os pratos no armário: o último que se põe em cima é o primeiro que se tira (*last in, first out*).

Em programação, usa-se uma fila para tratar pedidos por ordem de chegada, e uma pilha para desfazer ações: a última que se fez é a primeira a ser desfeita. ✅`,
  },
];

export const writtenExchanges: readonly WrittenExchange[] = [
  ...support,
  ...coding,
  ...summaries,
  ...research,
  ...portuguese,
];

const byPrompt = new Map(writtenExchanges.map((exchange) => [exchange.prompt, exchange]));

/** The answer written for this prompt, or one chosen by the prompt's seed. */
export function exchangeFor(prompt: string, seed: number): WrittenExchange {
  const written = byPrompt.get(prompt.trim()) ?? writtenExchanges[seed % writtenExchanges.length];
  if (written === undefined) throw new Error("No exchanges are written.");
  return written;
}

export function exchangesOn(topic: WrittenExchange["topic"]): readonly WrittenExchange[] {
  return writtenExchanges.filter((exchange) => exchange.topic === topic);
}

/** A handbook long enough (over 1,024 tokens) for a provider to cache it. */
export const supportHandbook: string = [
  "You are Marina, the support assistant of Nordlicht Outdoor. Be warm, exact and brief. Never promise a date that is not in the tables below. Answer in the customer's language.",
  "## Delivery times and costs",
  ...deliveryTable(),
  "## Returns",
  "Goods may be sent back within 60 days, unused, with their label. Underwear, opened food and climbing ropes are excluded for hygiene and safety. The customer pays for the return unless the item is faulty or wrong. Refunds go to the card that paid, 3 to 5 working days after the parcel is scanned.",
  "## Tone",
  "Say what happened, what happens next, and when. Apologise once. Offer a choice where there is one. Do not ask for anything that the order already shows.",
].join("\n");

function deliveryTable(): string[] {
  const countries =
    "Austria Belgium Bulgaria Croatia Cyprus Czechia Denmark Estonia Finland France Germany Greece Hungary Iceland Ireland Italy Latvia Lithuania Luxembourg Malta Netherlands Norway Poland Portugal Romania Slovakia Slovenia Spain Sweden Switzerland";
  return countries.split(" ").map((country, index) => {
    const days = 2 + (index % 5);
    const cost = 490 + ((index * 130) % 900);
    return `- ${country}: standard ${days} to ${days + 2} working days for EUR ${(cost / 100).toFixed(2)}, free over EUR ${60 + (index % 4) * 20}; express ${1 + (index % 2)} working day(s) for EUR ${((cost + 1100) / 100).toFixed(2)}; parcels over 20 kg by freight, by agreement.`;
  });
}
