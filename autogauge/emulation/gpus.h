/* Which emulated GPUs there are, what is done with each, and the faults that they meet. What OpenCL makes of that is left to layer.c. */

#ifndef AUTOGAUGE_GPUS_H
#define AUTOGAUGE_GPUS_H

enum { AUTOGAUGE_MOST_GPUS = 2 };

enum autogauge_operation { AUTOGAUGE_BUILD, AUTOGAUGE_LAUNCH, AUTOGAUGE_OPERATIONS };

struct autogauge_gpu {
    int is_discrete;
    int is_of_another_vendor;
    int is_without_int8;
};

/* How many there are: one, unless AUTOGAUGE_EMULATED_GPUS says otherwise. */
int autogauge_gpus(void);

/* What that one is, counted from 0. */
const struct autogauge_gpu *autogauge_gpu(int gpu);

/* An operation begins on that GPU: it is counted, and waits where its fault says so. Returns 1 where it shall fail, else 0. */
int autogauge_begins(int gpu, enum autogauge_operation operation);

/* The four that follow are for whoever runs this process, by ctypes. */

/* Reads AUTOGAUGE_EMULATED_GPUS, once. Returns NULL, or one clause that says what cannot be read. */
const char *autogauge_read(void);

/* From now on, what ("build" or "launch") meets that fault on that GPU, after so many that are good: "" (none; whatever hangs goes on),
 * "fail", "hang" or "slow:SECONDS". Returns 0, or -1 where that cannot be read: then nothing is changed. */
int autogauge_fault(int gpu, const char *what, const char *how, int after);

/* How often so far: "build", "launch" (good or not), "build-fault", "launch-fault" (a fault was met; a hang counts when it begins).
 * Returns -1 where that cannot be read. */
long autogauge_count(int gpu, const char *what);

#endif
