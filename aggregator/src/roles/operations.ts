// The operations of leader and helper, as the resources call them.

import type { Operations } from "../http/operations.js";
import { createAggregateShare, deleteAggregateShare, readAggregateShare } from "../protocol/helper/aggregate-shares.js";
import { continueAggregationJob } from "../protocol/helper/continue-aggregation-job.js";
import { createAggregationJob } from "../protocol/helper/create-aggregation-job.js";
import { deleteAggregationJob, readAggregationJob } from "../protocol/helper/read-aggregation-job.js";
import { createCollectionJob, deleteCollectionJob, readCollectionJob } from "../protocol/leader/collection-jobs.js";
import { uploadRefusals } from "../protocol/leader/upload.js";
import { inDialects } from "./dialect-edges.js";

export const OPERATIONS: Operations = inDialects({
  uploadRefusals,
  createCollectionJob,
  readCollectionJob,
  deleteCollectionJob,
  createAggregationJob,
  continueAggregationJob,
  readAggregationJob,
  deleteAggregationJob,
  createAggregateShare,
  readAggregateShare,
  deleteAggregateShare,
});
