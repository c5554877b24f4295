/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The measuring. Each of the two benchmarks runs on every core at once, for a fixed time, on memory that was touched
 * before the clock started; the result is the sum of what the cores did, so that a slow one is not hidden. */

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#ifdef __aarch64__
#include <sys/auxv.h>
#endif

#define MAX_CORES         1024
#define BENCHMARK_SECONDS 0.3
#define COPY_BYTES        (256u << 20) /* shared by all cores: more than the caches of most machines */

/* The matrix is a multiple of the tile in both directions, for every width of vector there is. */
#define MATRIX       384
#define TILE_ROWS    6
#define TILE_VECTORS 2

typedef double (*Benchmark) (void *memory, size_t size);

/* Where the lanes of a benchmark wait for each other, and for word whether it takes place at all. */
typedef struct
{
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  unsigned arrived;
  enum
  {
    GATE_SHUT,
    GATE_OPEN,
    GATE_GO_HOME
  } state;
} Gate;

typedef struct
{
  pthread_t thread;
  Gate *gate;
  Benchmark benchmark;
  size_t size;
  double rate; /* negative: it could not run */
} Lane;

static double
clock_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One kernel a kind of machine, made from one text: 6 rows by 2 vectors of C are held in 12 registers while a row of A
 * is spread over them and a panel of B streams by. Vectors are wider than some targets' registers only where the
 * target attribute of the very same function allows them, which is why this is a macro and not an inline function. */
#define DEFINE_KERNEL(name, bytes, attributes)                                                                         \
  typedef float name##_vector __attribute__ ((vector_size (bytes), aligned (bytes)));                                  \
  attributes static void name (const float *a, const float *b, float *c)                                               \
  {                                                                                                                    \
    enum                                                                                                               \
    {                                                                                                                  \
      LANES = bytes / sizeof (float),                                                                                  \
      COLUMNS = TILE_VECTORS * LANES                                                                                   \
    };                                                                                                                 \
    for (size_t column = 0; column < MATRIX; column += COLUMNS)                                                        \
      {                                                                                                                \
        name##_vector panel[MATRIX][TILE_VECTORS];                                                                     \
        for (size_t k = 0; k < MATRIX; k++)                                                                            \
          memcpy (panel[k], b + k * MATRIX + column, sizeof panel[k]);                                                 \
        for (size_t row = 0; row < MATRIX; row += TILE_ROWS)                                                           \
          {                                                                                                            \
            name##_vector sum[TILE_ROWS][TILE_VECTORS] = { 0 };                                                        \
            for (size_t k = 0; k < MATRIX; k++)                                                                        \
              for (size_t i = 0; i < TILE_ROWS; i++)                                                                   \
                for (size_t j = 0; j < TILE_VECTORS; j++)                                                              \
                  sum[i][j] += a[(row + i) * MATRIX + k] * panel[k][j];                                                \
            for (size_t i = 0; i < TILE_ROWS; i++)                                                                     \
              memcpy (c + (row + i) * MATRIX + column, sum[i], sizeof sum[i]);                                         \
          }                                                                                                            \
      }                                                                                                                \
  }

DEFINE_KERNEL (multiply_128, 16, )

#ifdef __x86_64__
DEFINE_KERNEL (multiply_avx2, 32, __attribute__ ((target ("avx2,fma"))))
DEFINE_KERNEL (multiply_avx512, 64, __attribute__ ((target ("avx512f"))))
#endif

typedef void (*Kernel) (const float *a, const float *b, float *c);

static Kernel
kernel_choose (const char **name)
{
#if defined __x86_64__
  if (__builtin_cpu_supports ("avx512f"))
    return *name = "avx512f", multiply_avx512;
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    return *name = "avx2", multiply_avx2;
  return *name = "sse2", multiply_128;
#elif defined __aarch64__
  return *name = "neon", multiply_128;
#else
  return *name = "generic", multiply_128;
#endif
}

/* A fast kernel that is wrong measures nothing: a diagonal of C is computed again the slow way. */
static bool
product_is_right (const float *a, const float *b, const float *c)
{
  for (size_t i = 0; i < MATRIX; i++)
    {
      double expected = 0;

      for (size_t k = 0; k < MATRIX; k++)
        expected += (double)a[i * MATRIX + k] * (double)b[k * MATRIX + i];
      if (fabs (expected - (double)c[i * MATRIX + i]) > 1e-3 * MATRIX)
        return false;
    }
  return true;
}

static double
benchmark_product (void *memory, size_t size)
{
  const char *name;
  Kernel multiply = kernel_choose (&name);
  float *a = memory, *b = a + MATRIX * MATRIX, *c = b + MATRIX * MATRIX;
  double began, elapsed;
  size_t products = 0;

  (void)size;
  for (size_t i = 0; i < MATRIX * MATRIX; i++)
    {
      a[i] = (float)(i % 13) / 13.0f - 0.5f;
      b[i] = (float)(i % 17) / 17.0f - 0.5f;
    }
  multiply (a, b, c);
  if (!product_is_right (a, b, c))
    return -1;

  began = clock_seconds ();
  do
    {
      multiply (a, b, c);
      products++;
      elapsed = clock_seconds () - began;
    }
  while (elapsed < BENCHMARK_SECONDS);

  return 2.0 * MATRIX * MATRIX * MATRIX * (double)products / elapsed;
}

static double
benchmark_copy (void *memory, size_t size)
{
  char *from = memory, *to = from + size / 2;
  double began = clock_seconds (), elapsed, bytes = 0;

  do
    {
      memcpy (to, from, size / 2);
      __asm__ volatile("" : : "r"(to) : "memory"); /* or the compiler sees that nobody reads the copy */
      bytes += (double)size;
      elapsed = clock_seconds () - began;
    }
  while (elapsed < BENCHMARK_SECONDS);

  return bytes / elapsed;
}

static bool
gate_pass (Gate *gate)
{
  bool open;

  pthread_mutex_lock (&gate->mutex);
  gate->arrived++;
  pthread_cond_broadcast (&gate->changed);
  while (gate->state == GATE_SHUT)
    pthread_cond_wait (&gate->changed, &gate->mutex);
  open = gate->state == GATE_OPEN;
  pthread_mutex_unlock (&gate->mutex);
  return open;
}

static void
gate_decide (Gate *gate, unsigned expected, bool open)
{
  pthread_mutex_lock (&gate->mutex);
  while (gate->arrived < expected)
    pthread_cond_wait (&gate->changed, &gate->mutex);
  gate->state = open ? GATE_OPEN : GATE_GO_HOME;
  pthread_cond_broadcast (&gate->changed);
  pthread_mutex_unlock (&gate->mutex);
}

static void *
lane_run (void *userdata)
{
  Lane *lane = userdata;
  void *memory = NULL;

  if (posix_memalign (&memory, 64, lane->size) == 0)
    memset (memory, 1, lane->size); /* page faults belong before the clock starts */
  else
    memory = NULL;

  lane->rate = -1;
  if (gate_pass (lane->gate) && memory)
    lane->rate = lane->benchmark (memory, lane->size);
  free (memory);
  return NULL;
}

/* Runs the benchmark on every core at once; the sum of their rates, or -1 when one failed or could not be started. */
static double
lanes_run (unsigned cores, Benchmark benchmark, size_t size)
{
  Gate gate = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
  Lane *lanes = calloc (cores, sizeof *lanes);
  double sum = 0;
  unsigned running = 0;

  for (; lanes && running < cores; running++)
    {
      lanes[running] = (Lane){ .gate = &gate, .benchmark = benchmark, .size = size };
      if (pthread_create (&lanes[running].thread, NULL, lane_run, &lanes[running]) != 0)
        break;
    }
  gate_decide (&gate, running, running == cores);

  for (unsigned i = 0; i < running; i++)
    {
      pthread_join (lanes[i].thread, NULL);
      sum = sum < 0 || lanes[i].rate < 0 ? -1 : sum + lanes[i].rate;
    }
  free (lanes);
  return running == cores ? sum : -1;
}

static unsigned
count_cores (void)
{
  long online = sysconf (_SC_NPROCESSORS_ONLN);
  cpu_set_t set;

  if (sched_getaffinity (0, sizeof set, &set) == 0)
    online = CPU_COUNT (&set);
  return online < 1 ? 1 : online > MAX_CORES ? MAX_CORES : (unsigned)online;
}

static void
add_word (char *text, size_t size, const char *word)
{
  size_t used = strlen (text);

  snprintf (text + used, size - used, "%s%s", used > 0 ? " " : "", word);
}

static void
find_instruction_sets (char *text, size_t size)
{
  text[0] = '\0';
#ifdef __x86_64__
#define ADD(name)                                                                                                      \
  if (__builtin_cpu_supports (name))                                                                                   \
  add_word (text, size, name)
  ADD ("sse4.2");
  ADD ("avx");
  ADD ("avx2");
  ADD ("fma");
  ADD ("bmi2");
  ADD ("avx512f");
  ADD ("avx512bw");
  ADD ("avx512vl");
  ADD ("avx512vnni");
  ADD ("avx512bf16");
#undef ADD
#elif defined __aarch64__
  /* Bits of the kernel's ABI (asm/hwcap.h), by number so that an old header hides nothing of a new machine. */
  static const struct
  {
    int vector;
    unsigned bit;
    const char *name;
  } sets[] = {
    { AT_HWCAP, 1, "neon" },  { AT_HWCAP, 10, "fp16" },  { AT_HWCAP, 20, "dotprod" }, { AT_HWCAP, 22, "sve" },
    { AT_HWCAP2, 1, "sve2" }, { AT_HWCAP2, 13, "i8mm" }, { AT_HWCAP2, 14, "bf16" },   { AT_HWCAP2, 23, "sme" },
  };

  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    if (getauxval ((unsigned long)sets[i].vector) & (1ul << sets[i].bit))
      add_word (text, size, sets[i].name);
#endif
}

static void
find_processor (char *text, size_t size, const char *otherwise)
{
  FILE *file = fopen ("/proc/cpuinfo", "re");
  char line[512];

  snprintf (text, size, "%s", otherwise);
  while (file && fgets (line, sizeof line, file))
    {
      char *value = strchr (line, ':');

      if (value && strncmp (line, "model name", strlen ("model name")) == 0)
        {
          value += 1 + strspn (value + 1, " \t");
          value[strcspn (value, "\n")] = '\0';
          snprintf (text, size, "%s", value);
          break;
        }
    }
  if (file)
    fclose (file);
}

bool
probe_measure (Probe *probe, const char **why)
{
  double began = clock_seconds ();
  const char *kernel;
  struct utsname name;
  size_t share;

  memset (probe, 0, sizeof *probe);
  uname (&name);
  snprintf (probe->architecture, sizeof probe->architecture, "%.20s", name.machine);
  snprintf (probe->kernel, sizeof probe->kernel, "%.40s %.50s", name.sysname, name.release);
  find_processor (probe->processor, sizeof probe->processor, probe->architecture);
  find_instruction_sets (probe->instruction_sets, sizeof probe->instruction_sets);
  kernel_choose (&kernel);
  snprintf (probe->kernel_used, sizeof probe->kernel_used, "%s", kernel);
  probe->cores = count_cores ();
  probe->memory_bytes = (double)sysconf (_SC_PHYS_PAGES) * (double)sysconf (_SC_PAGESIZE);

  /* A small machine is not made to swap for a figure. */
  share = COPY_BYTES < probe->memory_bytes / 8 ? COPY_BYTES : (size_t)(probe->memory_bytes / 8);
  share = share / probe->cores & ~(size_t)4095;

  probe->bandwidth = lanes_run (probe->cores, benchmark_copy, share > 65536 ? share : 65536);
  if (probe->bandwidth < 0)
    return *why = "not enough memory or threads to measure the memory's bandwidth", false;

  probe->flops = lanes_run (probe->cores, benchmark_product, 3 * MATRIX * MATRIX * sizeof (float));
  if (probe->flops < 0)
    return *why = "not enough memory or threads for the matrix product, or its result is wrong", false;

  probe->seconds = clock_seconds () - began;
  return true;
}
