/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "hive.h"

/* What org.rbee.Hive says of the catalogs: ListCatalog, ListCatalogs, GetCatalogWorker and GetRecipe. 0 or a negative
 * errno. */
int catalog_methods_publish (Hive *hive);
