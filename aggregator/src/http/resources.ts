// The resources of DAP, their paths and their methods (DAP-18, "HTTP Resources Reference"), in one table.

/** Paths behind an aggregator's base URL, as fastify's router has them. */
export const PATHS = {
  hpkeConfig: "/hpke_config",
  reports: "/tasks/:task/reports",
  aggregationJobs: "/tasks/:task/aggregation_jobs",
  aggregationJob: "/tasks/:task/aggregation_jobs/:id",
  aggregateShares: "/tasks/:task/aggregate_shares",
  aggregateShare: "/tasks/:task/aggregate_shares/:id",
  collectionJobs: "/tasks/:task/collection_jobs",
  collectionJob: "/tasks/:task/collection_jobs/:id",
} as const;

export type ResourceName = keyof typeof PATHS;

/**
 * What each resource can do. PUT is that of a dialect; tasks that do not speak it refuse it. HEAD is there for the keys
 * alone, which load balancers look at: a job that was read may be left behind, and a HEAD is not a reading.
 */
export const METHODS: Readonly<Record<ResourceName, readonly string[]>> = {
  hpkeConfig: ["GET", "HEAD", "OPTIONS"],
  reports: ["POST", "OPTIONS"],
  aggregationJobs: ["POST", "OPTIONS"],
  aggregationJob: ["POST", "GET", "DELETE", "OPTIONS"],
  aggregateShares: ["POST", "OPTIONS"],
  aggregateShare: ["GET", "DELETE", "OPTIONS"],
  collectionJobs: ["POST", "OPTIONS"],
  collectionJob: ["GET", "DELETE", "OPTIONS"],
};

const PATTERNS = Object.entries(PATHS).map(([name, path]) => ({
  name: name as ResourceName,
  pattern: new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`),
}));

/** The resource at a path, which may have a query behind it. */
export function resourceAt(path: string): ResourceName | undefined {
  const [plain = ""] = path.split("?", 1);
  return PATTERNS.find(({ pattern }) => pattern.test(plain))?.name;
}

/**
 * A request's target without the path of the aggregator's base URL. Tasks may have different ones, and a proxy may have
 * taken it away already, so that any is served. Ids have no slash, so that the last "/tasks/" is the protocol's.
 */
export function withoutBase(target: string): string {
  const query = target.indexOf("?");
  const path = query < 0 ? target : target.slice(0, query);
  if (path.endsWith(PATHS.hpkeConfig)) return target.slice(path.length - PATHS.hpkeConfig.length);
  const tasks = path.lastIndexOf("/tasks/");
  return tasks > 0 ? target.slice(tasks) : target;
}
