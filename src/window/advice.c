/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "advice.h"

#include <glib/gi18n.h>

/* A sentence that says itself what to do: it names a key, a command, or tells after a colon or a semicolon. The page's
 * is the same. */
#define SAYS_ITSELF "hive\\.conf|hivectl |chmod |; |: (?:raise|free|make room|move|name|remove|run|stop) | must "

#define AT_FAULT N_ ("The recipe is at fault, not this machine. Tell whoever keeps the catalog.")

/* The first that fits is given; @said: a pattern of the sentence, NULL: any. */
static const struct
{
  const char *error_name, *said, *advice;
} advices[] = {
  { "ChecksumMismatch", NULL,
    N_ ("What was fetched is not what the recipe promises. Don't use it; tell whoever keeps the catalog.") },
  { "SourceUnavailable", " (?:404|410)\\b", N_ ("Its address has it no more. Tell whoever keeps the catalog.") },
  { "SourceUnavailable", "HTTP status (?:429|5\\d\\d)\\b", N_ ("Its server is busy or has trouble. Try again later.") },
  { "CatalogUnavailable", "HTTP status (?:429|5\\d\\d)\\b",
    N_ ("Its server is busy or has trouble. Try again later.") },
  { NULL, SAYS_ITSELF, NULL },
  { "BuildFailed", "^The builder",
    N_ ("The hive is at fault, not the recipe. Try again; journalctl -u rbee-hived may say more.") },
  { "BuildFailed", NULL, N_ ("The last lines of the log say why.") },
  { "AccessDenied", NULL, N_ ("Ask whoever administers this machine.") },
  { "AddressInUse", NULL, N_ ("Choose another port.") },
  { "Busy", NULL, N_ ("Wait for the other job to end, then try again.") },
  { "CatalogInvalid", NULL, AT_FAULT },
  { "CatalogUnavailable", "file://", NULL },
  { "CatalogUnavailable", NULL, N_ ("See whether this machine reaches the catalog's address, then try again.") },
  { "DeviceUnavailable", NULL, N_ ("Choose another device, or look at what this machine has.") },
  { "FileConflict", NULL, N_ ("A file that belongs to something else is in the way. Move it, then try again.") },
  { "Interrupted", NULL, N_ ("This machine or its hive was stopped meanwhile. Try again.") },
  { "MissingDependencies", NULL, N_ ("Install what is missing, then try again.") },
  { "ModelInvalid", NULL, N_ ("It is damaged, or no model. Fetch it again from who made it.") },
  { "ModelNotFound", NULL, N_ ("See whether its name is spelled as it is there.") },
  { "ModelUnsupported", NULL, N_ ("Choose a model of a format that it reads.") },
  { "NoSpace", NULL, N_ ("Make room on the disk, then try again.") },
  { "NotRunning", NULL, N_ ("It was stopped meanwhile. Start it again.") },
  { "PackageFailed", NULL, AT_FAULT },
  { "PackageInvalid", NULL, AT_FAULT },
  { "PlatformIncompatible", NULL, N_ ("This worker is not made for this machine. The catalog shows first what fits.") },
  { "RecipeInvalid", NULL, AT_FAULT },
  { "SandboxUnavailable", NULL,
    N_ ("Nothing is built without a sandbox. On this machine, hivectl status says what to do.") },
  { "SourceUnavailable", "^The source | has no |tag | redirects to ", AT_FAULT },
  { "SourceUnavailable", NULL,
    N_ ("A source could not be fetched. See whether this machine reaches its address, then try again.") },
  { "StartFailed", NULL, N_ ("What it printed last says why. Restart it when that is mended.") },
  { "TimedOut", NULL, N_ ("Raise the limit if the build is that large, then try again.") },
  { "WorkerNotFound", NULL, N_ ("It may have been taken out of the catalog. Look there for another.") },
};

const char *
advice_find (const char *error_name, const char *sentence)
{
  for (gsize i = 0; i < G_N_ELEMENTS (advices); i++)
    if ((!advices[i].error_name || g_strcmp0 (error_name, advices[i].error_name) == 0) &&
        (!advices[i].said || g_regex_match_simple (advices[i].said, sentence, 0, 0)))
      return advices[i].advice ? _ (advices[i].advice) : NULL;
  return NULL;
}
