import { z } from "zod";
import { projectQuery, time } from "./fields.ts";

export const liveQuery = z.object(projectQuery);

/**
 * The data of an event `rows` of `GET /api/v1/live` (text/event-stream): new rows can be read now. At most four a
 * second. The first event after connecting is `hello`, with the same data; comments keep the connection alive.
 */
export const liveTick = z.object({ time }).meta({ id: "LiveTick" });
export type LiveTick = z.infer<typeof liveTick>;
