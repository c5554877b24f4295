/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "key.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cpu-level.h"
#include "error.h"
#include "key-value.h"
#include "size.h"
#include "time-span.h"

/* "2026-11-28" is its midnight in UTC. */
static bool
read_moment (const Key *key, const char *text, void *value)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autofree char *whole = strlen (text) == 10 ? g_strconcat (text, "T00:00:00Z", NULL) : g_strdup (text);
  g_autoptr (GDateTime) moment = g_date_time_new_from_iso8601 (whole, utc);

  if (moment)
    *(int64_t *)value = g_date_time_to_unix (moment) * G_USEC_PER_SEC + g_date_time_get_microsecond (moment);
  return moment || !*text;
}

/* bubblewrap takes ids for signed numbers. */
static bool
read_uids (const Key *key, const char *text, void *value)
{
  uid_t *range = value;
  unsigned first, last;
  char rest;

  if (sscanf (text, "%u-%u%c", &first, &last, &rest) != 2 || first < 1000 || last < first || last > G_MAXINT32)
    return false;
  range[0] = first;
  range[1] = last;
  return true;
}

static bool
read_size (const Key *key, const char *text, void *value)
{
  uint64_t size;

  if (!size_from_string (text, &size) || size < key->min || size > key->max)
    return false;
  *(uint64_t *)value = size;
  return true;
}

/* "80%" of the memory that is there, or a size. */
static bool
read_memory (const Key *key, const char *text, void *value)
{
  uint64_t all = (uint64_t)sysconf (_SC_PHYS_PAGES) * (uint64_t)sysconf (_SC_PAGESIZE);
  g_autofree char *digits = NULL;
  guint64 percent;

  if (!g_str_has_suffix (text, "%"))
    return read_size (key, text, value);
  digits = g_strndup (text, strlen (text) - 1);
  if (!g_ascii_string_to_unsigned (digits, 10, 1, 100, &percent, NULL) || all / 100 * percent < key->min ||
      all / 100 * percent > key->max)
    return false;
  *(uint64_t *)value = all / 100 * percent;
  return true;
}

static bool
read_number (const Key *key, const char *text, void *value)
{
  guint64 number;

  if (!g_ascii_string_to_unsigned (text, 10, key->min, key->max, &number, NULL))
    return false;
  *(unsigned *)value = number;
  return true;
}

static bool
read_nice (const Key *key, const char *text, void *value)
{
  gint64 number;

  if (!g_ascii_string_to_signed (text, 10, -20, 19, &number, NULL))
    return false;
  *(int *)value = (int)number;
  return true;
}

/* A whole number of @unit, from key->min to key->max, or @infinity. */
static bool
read_time (const Key *key, const char *text, uint64_t unit, unsigned infinity, unsigned *ret_number)
{
  uint64_t usec;

  if (g_str_equal (text, "infinity"))
    {
      *ret_number = infinity;
      return infinity > 0 || key->min == 0;
    }
  if (!time_span_parse (text, unit, &usec) || usec % unit != 0 || usec / unit < key->min || usec / unit > key->max)
    return false;
  *ret_number = (unsigned)(usec / unit);
  return true;
}

static bool
read_seconds (const Key *key, const char *text, void *value)
{
  return read_time (key, text, TIME_SECOND, 0, value);
}

static bool
read_patience (const Key *key, const char *text, void *value)
{
  return read_time (key, text, TIME_SECOND, G_MAXINT32, value);
}

static bool
read_days (const Key *key, const char *text, void *value)
{
  return read_time (key, text, TIME_DAY, 0, value);
}

/* How a kind is read, which is one of these ways, and what a message says that it takes. */
static const struct
{
  char *(*text) (const char *text);
  bool optional;                    /* and may be empty: NULL */
  char *(*each) (const char *text); /* of a list, which may be empty */
  char **(*list) (const char *text);
  const char *yes, *no; /* true and false */
  bool (*number) (const Key *key, const char *text, void *value);

  const char *takes;
  bool range, sizes; /* and from where to where: numbers, or sizes */
  bool several;      /* with semicolons between them */
} forms[] = {
  [KEY_PATH] = { .text = key_value_one_path, .takes = N_ ("an absolute path without \"..\"") },
  [KEY_FILE] = { .text = key_value_path, .optional = true, .takes = N_ ("an absolute path without \"..\"") },
  [KEY_PATHS] = { .list = key_value_paths, .takes = N_ ("absolute paths"), .several = true },
  [KEY_FOLDERS] = { .each = key_value_folder, .takes = N_ ("absolute paths"), .several = true },
  [KEY_PATTERNS] = { .each = key_value_pattern, .takes = N_ ("absolute paths, also with * and ?"), .several = true },
  [KEY_URL] = { .text = key_value_url, .takes = N_ ("an address like https://host/path or file:///folder") },
  [KEY_STORE] = { .text = key_value_store,
                  .takes =
                      N_ ("a folder as oci:///folder, or a registry's repository as https://host/repository, in small "
                          "letters and without a name or a password") },
  [KEY_PROXY] = { .text = key_value_proxy,
                  .optional = true,
                  .takes = N_ ("an address like http://host:3128 or socks5://host:1080, or none") },
  [KEY_CPU] = { .text = key_value_cpu },
  [KEY_STEPS] = { .list = key_value_steps, .takes = "prepare, build, check", .several = true },
  [KEY_VARIABLES] = { .each = key_value_variable, .takes = N_ ("variables as NAME=VALUE"), .several = true },
  [KEY_LISTEN] = { .each = key_value_listen,
                   .takes = N_ ("addresses with a port (127.0.0.1:7835) and paths of sockets"),
                   .several = true },
  [KEY_ORIGIN] = { .text = key_value_origin, .optional = true, .takes = N_ ("an origin like https://hive.example") },
  [KEY_ORIGINS] = { .each = key_value_origin, .takes = N_ ("origins like https://page.example"), .several = true },
  [KEY_HOSTS] = { .each = key_value_host, .takes = N_ ("names of hosts without a port"), .several = true },
  [KEY_ADDRESSES] = { .each = key_value_address,
                      .takes =
                          N_ ("addresses (10.1.2.3), networks (10.1.0.0/16), ports of this machine (127.0.0.1:8080) "
                              "or \"private\""),
                      .several = true },
  [KEY_CREDENTIAL] = { .text = key_value_credential,
                       .optional = true,
                       .takes = N_ ("a path, or the name of a credential") },
  [KEY_SIGNER] = { .text = key_value_signer,
                   .optional = true,
                   .takes = N_ ("a path, or a minisign key (RW and 54 characters)") },
  [KEY_YES] = { .yes = "yes", .no = "no", .takes = N_ ("yes or no") },
  [KEY_ACCESS] = { .yes = "owner", .no = "everybody", .takes = N_ ("everybody or owner") },
  [KEY_DELAY] = { .yes = "delay", .no = "no", .takes = N_ ("delay or no") },
  [KEY_AUTHENTICATION] = { .yes = "none", .no = "token", .takes = N_ ("token or none") },
  [KEY_MOMENT] = { .number = read_moment, .takes = N_ ("a date, or date and time as 2026-11-28T12:00:00Z") },
  [KEY_UIDS] = { .number = read_uids, .takes = N_ ("numbers of users as 61000-61183, from 1000 on") },
  [KEY_NICE] = { .number = read_nice, .takes = N_ ("a number from -20 to 19") },
  [KEY_NUMBER] = { .number = read_number, .takes = N_ ("a number"), .range = true },
  [KEY_SIZE] = { .number = read_size, .takes = N_ ("a size (as 64M, 1.5G)"), .range = true, .sizes = true },
  [KEY_MEMORY] = { .number = read_memory,
                   .takes = N_ ("a percentage, or a size (as 8G)"),
                   .range = true,
                   .sizes = true },
  [KEY_SECONDS] = { .number = read_seconds, .takes = N_ ("a time (as 90, 2min 30s) in seconds"), .range = true },
  [KEY_PATIENCE] = { .number = read_patience,
                     .takes = N_ ("infinity, or a time (as 90, 2h, 5min 20s) in seconds"),
                     .range = true },
  [KEY_DAYS] = { .number = read_days, .takes = N_ ("infinity, or a time (as 30, 8w) in days"), .range = true },
};

/* A list by `;` of what @read_one takes; NULL when one of them is nothing. */
static char **
read_list (const char *text, char *(*read_one) (const char *text))
{
  g_auto (GStrv) parts = key_value_list (text);
  g_autoptr (GStrvBuilder) list = g_strv_builder_new ();

  for (char **part = parts; *part; part++)
    {
      g_autofree char *value = read_one (*part);

      if (!value)
        return NULL;
      g_strv_builder_add (list, value);
    }
  return g_strv_builder_end (list);
}

bool
key_set (const Key *key, void *object, const char *text)
{
  void *value = G_STRUCT_MEMBER_P (object, key->offset);

  if (forms[key->kind].text)
    return (forms[key->kind].optional && !*text) || (*(char **)value = forms[key->kind].text (text)) != NULL;
  if (forms[key->kind].each)
    return (*(char ***)value = read_list (text, forms[key->kind].each)) != NULL;
  if (forms[key->kind].list)
    return (*(char ***)value = forms[key->kind].list (text)) != NULL;
  if (forms[key->kind].number)
    return forms[key->kind].number (key, text, value);
  *(bool *)value = g_str_equal (text, forms[key->kind].yes);
  return *(bool *)value || g_str_equal (text, forms[key->kind].no);
}

void
key_clear (const Key *key, void *object)
{
  void *value = G_STRUCT_MEMBER_P (object, key->offset);

  if (forms[key->kind].text)
    g_free (*(char **)value);
  else if (forms[key->kind].each || forms[key->kind].list)
    g_strfreev (*(char ***)value);
}

/* 65536 as "64K". */
static char *
show_size (uint64_t size)
{
  static const char units[] = "\0KMGTP";
  size_t unit = 0;

  while (size > 0 && size % 1024 == 0 && unit + 2 < sizeof units)
    {
      size /= 1024;
      unit++;
    }
  return g_strdup_printf ("%" G_GUINT64_FORMAT "%.1s", size, &units[unit]);
}

/* "a size, at least 64K and at most 1M", … */
static char *
show_range (const Key *key, const char *what, bool size)
{
  g_autofree char *least = size ? show_size (key->min) : g_strdup_printf ("%" G_GUINT64_FORMAT, key->min);
  g_autofree char *most = size ? show_size (key->max) : g_strdup_printf ("%" G_GUINT64_FORMAT, key->max);

  return key->max >= INT64_MAX ? g_strdup_printf (N_ ("%s, and at least %s"), what, least) :
                                 g_strdup_printf (N_ ("%s, at least %s and at most %s"), what, least, most);
}

/* What a key takes. */
static char *
key_describe (const Key *key)
{
  if (key->kind == KEY_CPU)
    return g_strdup (cpu_level_names ());
  if (forms[key->kind].range)
    return show_range (key, forms[key->kind].takes, forms[key->kind].sizes);
  if (forms[key->kind].several)
    return g_strdup_printf (N_ ("%s; between several stands a semicolon"), forms[key->kind].takes);
  return g_strdup (forms[key->kind].takes);
}

void
key_set_no_value (const Key *key, const ConfigurationText *said, const char *section, const char *fallback,
                  GError **error)
{
  const char *text = configuration_text_get (said, section, key->name);
  g_autofree char *where = configuration_text_where (said, section, key->name);
  g_autofree char *takes = key_describe (key);

  g_set_error (error, HIVE_ERROR, HIVE_ERROR_INVALID_ARGUMENT,
               "%s: \"%s\" is not a value for %s= in [%s] (the default is %s): it takes %s", where,
               text ? text : fallback, key->name, section, fallback && *fallback ? fallback : "none", takes);
}
