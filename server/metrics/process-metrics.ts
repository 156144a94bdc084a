import type { MetricStore } from "./metric-store.ts";

/** CPU, memory and start of this process; nothing runs until somebody asks. */
export function addProcessMetrics(store: MetricStore, processName: string): void {
  const gauge = (name: string, help: string) => store.gauge({ name, help, labels: ["process"] }).series(processName);
  const cpu = store
    .counter({ name: "process_cpu_seconds_total", help: "CPU time, user and system.", labels: ["process"] })
    .series(processName);
  const memory = gauge("process_resident_memory_bytes", "Resident memory.");
  const heap = gauge("nodejs_heap_used_bytes", "JavaScript heap in use.");
  const busy = gauge("nodejs_eventloop_utilization", "Share of time since the last scrape that the event loop worked.");
  gauge("process_start_time_seconds", "Start, in seconds since 1970.").set(Date.now() / 1000 - process.uptime());
  let before = performance.eventLoopUtilization();
  store.onCollect(() => {
    const { user, system } = process.cpuUsage();
    cpu.set((user + system) / 1e6);
    const usage = process.memoryUsage();
    memory.set(usage.rss);
    heap.set(usage.heapUsed);
    const now = performance.eventLoopUtilization();
    busy.set(performance.eventLoopUtilization(now, before).utilization);
    before = now;
  });
}
