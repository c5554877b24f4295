// SPDX-License-Identifier: LGPL-2.1-or-later
import type { InstallOptions, JobRequest } from "./types.ts";

/** The bodies of POST /v1/jobs. */
export const OperationBuilder = {
  workerInstall(hiveId: string, workerId: string, options: InstallOptions = {}): JobRequest {
    return { operation: "worker_install", hive_id: hiveId, worker_id: workerId, ...options };
  },
  workerRemove(hiveId: string, workerId: string): JobRequest {
    return { operation: "worker_remove", hive_id: hiveId, worker_id: workerId };
  },
  /** To the catalog's version. */
  workerUpgrade(hiveId: string, workerId: string): JobRequest {
    return { operation: "worker_upgrade", hive_id: hiveId, worker_id: workerId };
  },
  /** To the version before. */
  workerRollback(hiveId: string, workerId: string): JobRequest {
    return { operation: "worker_rollback", hive_id: hiveId, worker_id: workerId };
  },
  /** @model: hf:OWNER/REPOSITORY[:FILE], or https://HOST/FILE#sha256=SUM. */
  modelDownload(hiveId: string, model: string): JobRequest {
    return { operation: "model_download", hive_id: hiveId, model };
  },
  workerListInstalled(hiveId: string): JobRequest {
    return { operation: "worker_list_installed", hive_id: hiveId };
  },
  workerCatalogList(hiveId: string): JobRequest {
    return { operation: "worker_catalog_list", hive_id: hiveId };
  },
};
