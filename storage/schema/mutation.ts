import { quoteName } from "./render.ts";

/**
 * `ALTER TABLE … <change>`, that returns once it is written down and is carried out in the background. On a cluster it
 * is for every shard's own table, as a Distributed table takes none, and may look things up in other tables: what it
 * looks up must not change until it is done.
 */
export function mutationStatement(table: string, change: string, cluster: string | undefined): string {
  const settings = ["mutations_sync = 0", ...(cluster === undefined ? [] : ["allow_nondeterministic_mutations = 1"])];
  const target =
    cluster === undefined ? quoteName(table) : `${quoteName(`${table}_local`)} ON CLUSTER ${quoteName(cluster)}`;
  return `ALTER TABLE ${target} ${change} SETTINGS ${settings.join(", ")}`;
}

/** Where the mutations of all nodes are listed. */
export function mutationsSource(cluster: string | undefined): string {
  return cluster === undefined ? "system.mutations" : `clusterAllReplicas(${quoteName(cluster)}, system.mutations)`;
}
