/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* hive-probe: what this machine can do, for a person, a program, or over HTTP. */

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

#define DEFAULT_PORT 8780

typedef struct
{
  bool json, serve, port_given;
  unsigned port;
} Options;

static const char usage[] = "Usage: hive-probe [--json] [--serve [--port N]]\n"
                            "\n"
                            "Measures this machine: cores, instruction sets, memory bandwidth, and the speed of a\n"
                            "small matrix product. It takes about a second.\n"
                            "\n"
                            "  --json       write the result as one line of JSON\n"
                            "  --serve      serve it on http://127.0.0.1:8780: /, /probe and /health\n"
                            "  --port N     serve on port N instead; 0 takes any free one\n"
                            "  --help       show this text\n"
                            "  --version    show the version\n"
                            "\n"
                            "Exit status: 0 done, 1 it could not, 2 wrong arguments.\n";

static void
print_words (FILE *file, const char *label, const char *words)
{
  size_t width = 0;

  fprintf (file, "%-18s", label);
  for (const char *word = words; *word;)
    {
      size_t length = strcspn (word, " ");

      if (width > 0 && width + 1 + length > 60)
        width = 0, fprintf (file, "\n%-18s", "");
      width += (size_t)fprintf (file, "%s%.*s", width > 0 ? " " : "", (int)length, word);
      word += length + strspn (word + length, " ");
    }
  fputc ('\n', file);
}

void
probe_print (const Probe *probe, FILE *file)
{
  fprintf (file, "%-18s%.60s\n", "Processor", probe->processor);
  fprintf (file, "%-18s%u (%s)\n", "Cores", probe->cores, probe->architecture);
  print_words (file, "Instruction sets", probe->instruction_sets[0] ? probe->instruction_sets : "(none known)");
  fprintf (file, "%-18s%.1f GiB\n", "Memory", probe->memory_bytes / 1073741824.0);
  fprintf (file, "%-18s%.1f GB/s (copy, all cores)\n", "Memory bandwidth", probe->bandwidth / 1e9);
  fprintf (file, "%-18s%.1f GFLOP/s (float, %s, all cores)\n", "Matrix product", probe->flops / 1e9,
           probe->kernel_used);
  fprintf (file, "%-18s%.60s\n", "Kernel", probe->kernel);
  fprintf (file, "%-18s%.2f s\n", "Measured in", probe->seconds);
}

/* The kernel's texts are plain, but a hypervisor may write anything into the processor's name. */
static void
json_string (char *out, size_t size, const char *text)
{
  size_t used = 0;

  for (; *text && used + 3 < size; text++)
    {
      if (*text == '"' || *text == '\\')
        out[used++] = '\\';
      out[used++] = (unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e ? '?' : *text;
    }
  out[used] = '\0';
}

size_t
probe_format_json (const Probe *probe, char *text, size_t size)
{
  char processor[2 * sizeof probe->processor], kernel[2 * sizeof probe->kernel], sets[1024] = "";
  int length;

  json_string (processor, sizeof processor, probe->processor);
  json_string (kernel, sizeof kernel, probe->kernel);
  for (const char *word = probe->instruction_sets; *word;)
    {
      size_t n = strcspn (word, " "), used = strlen (sets);

      snprintf (sets + used, sizeof sets - used, "%s\"%.*s\"", used > 0 ? "," : "", (int)n, word);
      word += n + strspn (word + n, " ");
    }

  length =
      snprintf (text, size,
                "{\"version\":\"" PROBE_VERSION "\",\"processor\":\"%s\",\"architecture\":\"%s\",\"kernel\":\"%s\","
                "\"cores\":%u,\"instruction_sets\":[%s],\"memory_bytes\":%.0f,\"bandwidth_gb_s\":%.2f,"
                "\"gflop_s\":%.2f,\"matrix_kernel\":\"%s\",\"seconds\":%.3f}\n",
                processor, probe->architecture, kernel, probe->cores, sets, probe->memory_bytes, probe->bandwidth / 1e9,
                probe->flops / 1e9, probe->kernel_used, probe->seconds);
  return length < 0 || (size_t)length >= size ? 0 : (size_t)length;
}

static bool
parse_port (const char *text, unsigned *port)
{
  char *end;
  unsigned long value;

  errno = 0;
  value = strtoul (text, &end, 10);
  if (errno != 0 || end == text || *end || text[0] < '0' || text[0] > '9' || value > 65535)
    return false;
  *port = (unsigned)value;
  return true;
}

static int
wrong (const char *message, const char *what)
{
  fprintf (stderr, "hive-probe: %s%s\nTry hive-probe --help.\n", message, what);
  return 2;
}

/* -1: go on; otherwise the exit status. */
static int
parse_arguments (int argc, char **argv, Options *options)
{
  static const struct option known[] = {
    { "json", no_argument, NULL, 'j' }, { "serve", no_argument, NULL, 's' },   { "port", required_argument, NULL, 'p' },
    { "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'v' }, { 0 },
  };
  int option;

  while ((option = getopt_long (argc, argv, ":", known, NULL)) != -1)
    switch (option)
      {
      case 'j':
        options->json = true;
        break;
      case 's':
        options->serve = true;
        break;
      case 'p':
        options->port_given = true;
        if (!parse_port (optarg, &options->port))
          return wrong ("a port is a number from 0 to 65535, not ", optarg);
        break;
      case 'h':
        fputs (usage, stdout);
        return 0;
      case 'v':
        puts ("hive-probe " PROBE_VERSION);
        return 0;
      case ':':
        return wrong ("a value is missing after ", argv[optind - 1]);
      default:
        return wrong ("unknown option ", argv[optind - 1]);
      }

  if (optind < argc)
    return wrong ("unexpected argument ", argv[optind]);
  if (options->port_given && !options->serve)
    return wrong ("--port goes with --serve", "");
  if (options->json && options->serve)
    return wrong ("--json and --serve exclude each other: what is served is JSON", "");
  return -1;
}

int
main (int argc, char **argv)
{
  Options options = { .port = DEFAULT_PORT };
  int status = parse_arguments (argc, argv, &options);
  const char *why;
  char json[2048];
  Probe probe;

  if (status >= 0)
    return status;
  if (!probe_measure (&probe, &why))
    {
      fprintf (stderr, "hive-probe: %s\n", why);
      return 1;
    }
  if (options.serve)
    return probe_serve (&probe, options.port);

  if (!options.json)
    probe_print (&probe, stdout);
  else if (probe_format_json (&probe, json, sizeof json) > 0)
    fputs (json, stdout);
  if (fflush (stdout) != 0)
    {
      fprintf (stderr, "hive-probe: can't write: %s\n", strerror (errno));
      return 1;
    }
  return 0;
}
