// SPDX-License-Identifier: LGPL-2.1-or-later
import { _ } from "../i18n.ts";

/** A message that says itself what to do: it names a key, a command, or tells after a colon or a semicolon. The window's is the same. */
const SAYS_ITSELF = /hive\.conf|hivectl |chmod |; |: (?:raise|free|make room|move|name|remove|run|stop) | must /;

/** What to do about an error, by its name without "org.rbee.Hive.Error."; "": nothing more than its message says. */
export function advice(name: string, message: string): string {
  if (name === "ChecksumMismatch")
    return _("What was fetched is not what the recipe promises. Don't use it; tell whoever keeps the catalog.");
  if (name === "SourceUnavailable" && / (?:404|410)\b/.test(message))
    return _("Its address has it no more. Tell whoever keeps the catalog.");
  if (name.endsWith("Unavailable") && /HTTP status (?:429|5\d\d)\b/.test(message))
    return _("Its server is busy or has trouble. Try again later.");
  if (SAYS_ITSELF.test(message)) return "";
  switch (name) {
    case "MissingDependencies":
      return _("Install what is missing, then try again.");
    case "PlatformIncompatible":
      return _("This worker is not made for this machine. The catalog shows first what fits.");
    case "CatalogUnavailable":
      if (message.includes("file://")) return "";
      return _("See whether this machine reaches the catalog's address, then try again.");
    case "WorkerNotFound":
      return _("It may have been taken out of the catalog. Look there for another.");
    case "CatalogInvalid":
    case "RecipeInvalid":
    case "PackageFailed":
    case "PackageInvalid":
      return _("The recipe is at fault, not this machine. Tell whoever keeps the catalog.");
    case "SourceUnavailable":
      if (message.startsWith("The source ") || / has no |tag | redirects to /.test(message))
        return _("The recipe is at fault, not this machine. Tell whoever keeps the catalog.");
      return _("A source could not be fetched. See whether this machine reaches its address, then try again.");
    case "BuildFailed":
      if (message.startsWith("The builder"))
        return _("The hive is at fault, not the recipe. Try again; journalctl -u rbee-hived may say more.");
      return _("The last lines of the log say why.");
    case "FileConflict":
      return _("A file that belongs to something else is in the way. Move it, then try again.");
    case "NoSpace":
      return _("Make room on the disk, then try again.");
    case "TimedOut":
      return _("Raise the limit if the build is that large, then try again.");
    case "Interrupted":
      return _("This machine or its hive was stopped meanwhile. Try again.");
    case "Busy":
      return _("Wait for the other job to end, then try again.");
    case "SandboxUnavailable":
      return _("Nothing is built without a sandbox. On this machine, hivectl status says what to do.");
    case "AddressInUse":
      return _("Choose another port.");
    case "DeviceUnavailable":
      return _("Choose another device, or look at what this machine has.");
    case "ModelUnsupported":
      return _("Choose a model of a format that it reads.");
    case "ModelNotFound":
      return _("See whether its name is spelled as it is there.");
    case "ModelInvalid":
      return _("It is damaged, or no model. Fetch it again from who made it.");
    case "StartFailed":
      return _("What it printed last says why. Restart it when that is mended.");
    case "NotRunning":
      return _("It was stopped meanwhile. Start it again.");
    case "AccessDenied":
      return _("Ask whoever administers this machine.");
    default:
      return "";
  }
}
