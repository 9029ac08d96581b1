/* How long the machine keeps a program from its core while nothing else runs: interrupts, the kernel's own threads, other machines
   on the same host. On each core a thread does nothing but read the clock; what lies between two readings is a pause.
   usage: pauses SECONDS; prints how long work that comes to a core at any moment waits until the core goes on, in microseconds. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CORES = 256, PAUSES = 1 << 20, LEAST = 1000 };

static double seconds;
static struct core {
  uint64_t *pauses;
  int number, count;
} cores[CORES];

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void *watch(void *context) {
  struct core *core = context;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core->number, &set);
  sched_setaffinity(0, sizeof set, &set);
  uint64_t last = now(), end = last + seconds * 1e9;
  while (last < end) {
    uint64_t time = now(), pause = time - last;
    if (pause > LEAST && core->count < PAUSES) core->pauses[core->count++] = pause;
    last = time;
  }
  return NULL;
}

/* The wait that a part of all moments exceeds: those in a pause that is longer, up to that long before its end. */
static double exceeded_by(double part, const uint64_t *pauses, int count, double moments) {
  double low = 0, high = 60e9;
  for (int step = 0; step < 60; step++) {
    double wait = (low + high) / 2, longer = 0;
    for (int i = 0; i < count; i++)
      if (pauses[i] > wait) longer += pauses[i] - wait;
    if (longer > part * moments) low = wait;
    else high = wait;
  }
  return high / 1000;
}

int main(int argc, char **argv) {
  if (argc != 2 || (seconds = atof(argv[1])) <= 0) return 2;
  pthread_t threads[CORES];
  int count = 0, all = 0;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed)) return 1;
  for (int number = 0; number < CORES; number++) {
    if (!CPU_ISSET(number, &allowed)) continue;
    cores[count] = (struct core){.pauses = malloc(PAUSES * sizeof(uint64_t)), .number = number};
    if (!cores[count].pauses || pthread_create(&threads[count], NULL, watch, &cores[count])) return 1;
    count++;
  }
  for (int i = 0; i < count; i++) pthread_join(threads[i], NULL), all += cores[i].count;
  uint64_t *pauses = malloc((all + 1) * sizeof(uint64_t)), longest = 0;
  if (!pauses) return 1;
  for (int i = 0, at = 0; i < count; i++)
    for (int k = 0; k < cores[i].count; k++) {
      pauses[at++] = cores[i].pauses[k];
      if (cores[i].pauses[k] > longest) longest = cores[i].pauses[k];
    }
  double moments = seconds * 1e9 * count;
  printf("p99_us=%.1f p999_us=%.1f p9999_us=%.1f longest_us=%.1f\n", exceeded_by(0.01, pauses, all, moments),
         exceeded_by(0.001, pauses, all, moments), exceeded_by(0.0001, pauses, all, moments), longest / 1000.0);
  return 0;
}
