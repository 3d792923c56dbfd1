/* The emulated GPUs of this process, as AUTOGAUGE_EMULATED_GPUS tells them: one after the other, separated by ";", each a list of words
 * separated by ",": "integrated" or "discrete", "vendor=intel" or "vendor=other", "int8=no", "build=FAULT", "launch=FAULT", "after=NUMBER". A
 * fault is "fail", "hang" or "slow:SECONDS". Without the variable there is one, integrated and without faults.
 *
 * A hang ends when its fault is taken away, or with the process.
 */

#define _GNU_SOURCE
#include "gpus.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define VARIABLE "AUTOGAUGE_EMULATED_GPUS"

enum { MOST_SECONDS = 100000, MOST_AFTER = 1000000000 };
enum how { NONE, FAIL, HANG, SLOW };

struct fault {
    enum how how;
    double seconds;
    long after; /* so many more are good */
    unsigned generation;
};

struct entry {
    struct autogauge_gpu gpu;
    struct fault faults[AUTOGAUGE_OPERATIONS];
    long begun[AUTOGAUGE_OPERATIONS], met[AUTOGAUGE_OPERATIONS];
};

static struct entry entries[AUTOGAUGE_MOST_GPUS];
static int count = 1;
static char unreadable[256];

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;

/* ---------------------------------------------------------------- reading */

static int read_operation(const char *text, enum autogauge_operation *operation)
{
    *operation = strcmp(text, "launch") == 0 ? AUTOGAUGE_LAUNCH : AUTOGAUGE_BUILD;
    return strcmp(text, "launch") == 0 || strcmp(text, "build") == 0;
}

static int read_fault(const char *text, struct fault *fault)
{
    char *end = NULL;
    fault->seconds = 0;
    if (*text == '\0')
        fault->how = NONE;
    else if (strcmp(text, "fail") == 0)
        fault->how = FAIL;
    else if (strcmp(text, "hang") == 0)
        fault->how = HANG;
    else if (strncmp(text, "slow:", 5) == 0) {
        fault->how = SLOW;
        fault->seconds = strtod(text + 5, &end);
        return end != text + 5 && *end == '\0' && text[5 + strspn(text + 5, "0123456789.")] == '\0' && fault->seconds <= MOST_SECONDS;
    } else
        return 0;
    return 1;
}

static int read_after(const char *text, long *after)
{
    char *end = NULL;
    *after = strtol(text, &end, 10);
    return end != text && *end == '\0' && *after >= 0 && *after <= MOST_AFTER;
}

static int read_word(char *word, struct entry *entry)
{
    char *value = strchr(word, '=');
    enum autogauge_operation operation;
    if (!value) {
        entry->gpu.is_discrete = strcmp(word, "discrete") == 0;
        return entry->gpu.is_discrete || strcmp(word, "integrated") == 0;
    }
    *value++ = '\0';
    if (strcmp(word, "vendor") == 0) {
        entry->gpu.is_of_another_vendor = strcmp(value, "other") == 0;
        return entry->gpu.is_of_another_vendor || strcmp(value, "intel") == 0;
    }
    if (strcmp(word, "int8") == 0) {
        entry->gpu.is_without_int8 = strcmp(value, "no") == 0;
        return entry->gpu.is_without_int8 || strcmp(value, "yes") == 0;
    }
    if (strcmp(word, "after") == 0) {
        int good = read_after(value, &entry->faults[AUTOGAUGE_BUILD].after);
        entry->faults[AUTOGAUGE_LAUNCH].after = entry->faults[AUTOGAUGE_BUILD].after;
        return good;
    }
    return read_operation(word, &operation) && read_fault(value, &entry->faults[operation]);
}

static void read_variable(void)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    pthread_condattr_destroy(&attributes);
    const char *given = getenv(VARIABLE);
    if (!given)
        return;
    char *copy = strdup(given), *rest = copy;
    for (count = 0; copy && rest;) {
        char *words = strsep(&rest, ";");
        if (count == AUTOGAUGE_MOST_GPUS) {
            snprintf(unreadable, sizeof unreadable, VARIABLE " names more than %d GPUs", AUTOGAUGE_MOST_GPUS);
            break;
        }
        while (words) {
            char *word = strsep(&words, ","), whole[64];
            snprintf(whole, sizeof whole, "%s", word);
            if (!*unreadable && !read_word(word, &entries[count]))
                snprintf(unreadable, sizeof unreadable, VARIABLE " has a word that the emulated GPU does not know: '%s'", whole);
        }
        count++;
    }
    free(copy);
}

const char *autogauge_read(void)
{
    pthread_once(&once, read_variable);
    return *unreadable ? unreadable : NULL;
}

int autogauge_gpus(void)
{
    autogauge_read();
    return count;
}

const struct autogauge_gpu *autogauge_gpu(int gpu)
{
    return &entries[gpu].gpu;
}

/* ---------------------------------------------------------------- faults */

static struct timespec in_seconds(double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return until;
}

/* Waits as this fault says, with the lock; returns 1 where the fault is another one meanwhile. */
static int wait_out(const struct fault *fault)
{
    unsigned generation = fault->generation;
    struct timespec until = in_seconds(fault->seconds);
    int status = 0;
    while (generation == fault->generation && status == 0)
        status = fault->how == HANG ? pthread_cond_wait(&changed, &lock) : pthread_cond_timedwait(&changed, &lock, &until);
    return generation != fault->generation;
}

int autogauge_begins(int gpu, enum autogauge_operation operation)
{
    if (gpu < 0 || gpu >= autogauge_gpus())
        return 0;
    struct fault *fault = &entries[gpu].faults[operation];
    int fails = 0, has_met = 0;
    pthread_mutex_lock(&lock);
    entries[gpu].begun[operation]++;
    while (fault->how != NONE) {
        if (fault->after > 0) {
            fault->after--;
            break;
        }
        if (!has_met)
            entries[gpu].met[operation]++;
        has_met = 1;
        fails = fault->how == FAIL;
        if (fails || !wait_out(fault))
            break;
    }
    pthread_mutex_unlock(&lock);
    return fails;
}

int autogauge_fault(int gpu, const char *what, const char *how, int after)
{
    enum autogauge_operation operation;
    struct fault fault;
    if (gpu < 0 || gpu >= autogauge_gpus() || after < 0 || !read_operation(what, &operation) || !read_fault(how, &fault))
        return -1;
    pthread_mutex_lock(&lock);
    fault.after = after;
    fault.generation = entries[gpu].faults[operation].generation + 1;
    entries[gpu].faults[operation] = fault;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return 0;
}

long autogauge_count(int gpu, const char *what)
{
    static const char *const begun[] = {"build", "launch"}, *const met[] = {"build-fault", "launch-fault"};
    long found = -1;
    if (gpu < 0 || gpu >= autogauge_gpus())
        return found;
    pthread_mutex_lock(&lock);
    for (int operation = 0; operation < AUTOGAUGE_OPERATIONS; operation++) {
        if (strcmp(what, begun[operation]) == 0)
            found = entries[gpu].begun[operation];
        if (strcmp(what, met[operation]) == 0)
            found = entries[gpu].met[operation];
    }
    pthread_mutex_unlock(&lock);
    return found;
}
