/** What a metric counts or measures. */
interface Description {
  readonly labels: readonly string[]
  /** The meaning, in Markdown, for `/metrics` and for docs/monitoring.md. Begins with the flag that the metric depends on. */
  readonly help: string
}

/** Every metric of refgrant, one a line, in the order of docs/monitoring.md. */
// biome-ignore format: one metric a line, whatever its length
export const METRICS = {
  refgrant_reviews_total: { labels: ['kind', 'operation', 'mode', 'decision', 'reason'], help: 'Reviews with an answer. `decision` is the value of the audit annotation, or `failed`: refgrant answered 503, because it could not look up grants. `advised` counts reviews of grants. `reason` says why a review was not judged.' },
  refgrant_review_duration_seconds: { labels: ['decision'], help: 'Time from a parsed review to its decision, in the buckets of the API server and in finer ones below them.' },
  refgrant_field_misfits_total: { labels: ['kind', 'field'], help: 'Objects of reviews in which a guarded field of the configuration did not hold a reference: text or a list in place of an object, or another namespace without a kind and a name. The log names the object, and `refgrant check --config FILE` finds it in files. Either the row or the object is wrong. The other fields were judged.' },
  refgrant_reviews_in_flight: { labels: [], help: 'Reviews in flight now. The maximum is 1,000.' },
  refgrant_reviews_shed_total: { labels: ['reason'], help: 'Reviews dropped without a verdict. 1,000 reviews are in flight, or four bodies of more than 9 MiB are being read (`reviews`); requests hold as much memory as they may (`memory`); the review could not start within half of its timeout (`late`); `gone`: the client closed the connection, so no 503 was sent.' },
  refgrant_held_bytes: { labels: ['what'], help: 'Memory that requests hold now: `bodies` that arrive, `values` parsed from them, and unsent `answers`. The maximum of all three together is 64 MiB in a container of 256 MiB.' },
  refgrant_connections: { labels: [], help: 'Connections of the webhook now. The maximum is 256 in a container of 256 MiB.' },
  refgrant_connections_closed_total: { labels: ['reason'], help: 'Connections that refgrant closed: to accept a newer one (`evicted`), after 120 s without a request (`idle`), after 10 s in a `handshake`, in the `head` or `body` of a request or while the client reads the answer (`answer`), for more than 4 unanswered requests (`pipelined`), or for a body on the listener for health and metrics (`unexpected_body`).' },
  refgrant_clients_refused_total: { labels: ['reason'], help: 'Clients that `--client-ca` refused: without a certificate (`no_certificate`), with one that these authorities did not sign for client authentication or that has expired (`not_trusted`), or with one of another `name`. The log has a line `rejected a client` for each; after a hundred, at most one per second.' },
  refgrant_grants: { labels: [], help: 'Cached grants of all kinds.' },
  refgrant_incomplete_namespaces: { labels: [], help: 'Without `--grants`: namespaces whose ReferenceGrants are not all cached, because they need more than a sixteenth of the room for all, or one is larger than 256 KiB, or because the namespace was evicted. The log names each namespace. A cached grant permits. refgrant reads the others when a review needs them.' },
  refgrant_skipped_grants_total: { labels: [], help: 'Without `--grants`: ReferenceGrants that arrived and were not cached, because they are larger than 256 KiB, their namespace is full, or their namespace was evicted. A grant counts each time that it arrives in a watch or a list.' },
  refgrant_evicted_namespaces_total: { labels: [], help: 'Without `--grants`: namespaces whose cached ReferenceGrants were all evicted, because the grants of all namespaces need more than the available room. They are incomplete until a later list has room for them.' },
  refgrant_unreadable_files: { labels: [], help: 'With `--grants`: files and folders that cannot be read now. The log names each. The grants that the file held before stay in force.' },
  refgrant_knowledge_age_seconds: { labels: [], help: 'Time since the cached grants were last known to be complete; `+Inf` before the first list. It counts from the request of a list or the full duration of a watch, never from the arrival of an event. Values up to 32 are usual. Beyond `bounds.knowledgeAgeSeconds` (40), every verdict needs a fresh read.' },
  refgrant_fresh_reads_total: { labels: ['result'], help: 'Without `--grants`: reads of the grants in one namespace, before a refusal or if the cached grants are too old: `started`; `failed`, of those that started; `shared` with another review; `over_budget`, so not started.' },
  refgrant_fresh_read_seconds_total: { labels: [], help: 'Without `--grants`: total time of the fresh reads. Divide it by `started` for the mean.' },
  refgrant_watches_total: { labels: ['end'], help: 'Without `--grants`: watches that ended: in good order, after at most 30 s (`timeout`); because the connection broke or fell silent, or the watch did not end in time (`broken`); because the API server refused the watch (`refused`). A list that the API server rejects does not count here: the log has a `watching failed` line with the reason, and `refgrant_knowledge_age_seconds` grows.' },
  refgrant_lists_total: { labels: ['reason'], help: 'Without `--grants`: lists of all grants: at the `start`; because no watch confirmed the cache for more than 20 s, or a watch got no answer (`unproven`; each 30 s if etcd does not report progress); because the version to continue from was too old (`expired`); because the API appeared, disappeared or is absent (`api`; each 5 s while it is absent); because some grants are not cached, and there may be room for all of them (`incomplete`; at most each 5 minutes).' },
  refgrant_drift: { labels: [], help: 'Without `--grants`: fields of the live registration and rights that differ from the configuration, including entries that do not trust the certificate of the server. If the number is not known, the value is `Nan`, which Prometheus reads as NaN.' },
  refgrant_config_reloads_total: { labels: ['result'], help: 'With `--config`: changes of the configuration file: `done`, or `failed`, so that the last valid configuration stays in force.' },
  refgrant_certificate_start_timestamp_seconds: { labels: ['certificate'], help: 'Time at which the validity of the certificate of the `server` began, and with self-managed certificates, that of its `authority`.' },
  refgrant_certificate_expiry_timestamp_seconds: { labels: ['certificate'], help: 'Time at which the certificate of the `server` expires, and with self-managed certificates, that of its `authority`.' },
  refgrant_certificate_renewals_total: { labels: ['result'], help: 'New certificates of the server, read from the files or issued: `done`, or `failed`, so that the last good one stays in use. With self-managed certificates, `failed` also counts problems with the Secret and the registration. A problem that lasts counts once a minute. The log says why.' },
  refgrant_authority_rotation: { labels: [], help: 'With self-managed certificates: 1 while a new authority waits until the API server trusts it, otherwise 0.' },
  refgrant_authority_steps_total: { labels: ['step'], help: 'With self-managed certificates: steps of this replica in the life of the authorities ([security.md](security.md#certificates)): `begin`, `recover`, `trust`, `prepare`, `promote`, `retire`.' },
  refgrant_clock_ahead_seconds: { labels: [], help: 'With self-managed certificates: time by which the clock of this machine is ahead of that of the API server, to a second; negative if it is behind. refgrant judges its certificates by the clock of the API server, which verifies them. Before the first answer of the API server, the value is `Nan`, which Prometheus reads as NaN.' },
  refgrant_build_info: { labels: ['version', 'node'], help: 'The versions of refgrant and of Node. Always 1.' },
} as const satisfies Record<string, Description>

export type MetricName = keyof typeof METRICS

/** Returns the metrics as a Markdown table. */
export function metricsTable(): string {
  const rows = Object.entries<Description>(METRICS).map(([name, { labels, help }]) => {
    const cell = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${cell && `${cell} `}| ${help} |`
  })
  return ['| metric | labels | meaning |', '|---|---|---|', ...rows].join('\n')
}
