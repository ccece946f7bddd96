/* Does a job ever wait for ever, whoever sleeps, leads, watches or sticks?
 *
 * The steps of runtime/src/scheduler/idle.md, for W workers. An `atomic` is one compare-exchange,
 * or one look at another thread's memory with what is private around it. Memory is sequentially
 * consistent: that the fences suffice is shown by the loom models.
 *
 * A thread of the user's pushes, the kernel reports (a report stands for a timer as well), jobs
 * spawn jobs; up to W-1 workers stick in a job, or in a waker, and never come back. A watch may be
 * over at any moment, and sees that a worker stands still, or not yet. Not here: how a follower
 * waits for its own timer, a reactor that comes to life, roots.
 *
 *   W, PUSHES, PUSHERS, EVENTS, SPAWNS, PINS   how many; the threads outside may do less
 *   NO_WATCH    no watch is ever over, and no waker sticks: what is found is found at once
 *   ASLEEP      everybody has fallen asleep when it begins, else nobody has
 *   QUIET       a watch is over only if that changes something: then no run goes on for ever, but
 *               one in which two watches end together each time, and each relieves the other
 *   BUSY        worker 0 always has one more job, and looks after the others between two
 *   STOP        the runtime ends
 *
 * Whatever is named MUTANT_ is one step left out, and must be noticed: see run.sh.
 */
#ifndef W
#define W 3
#endif
#ifndef PUSHES
#define PUSHES 0
#endif
#ifndef PUSHERS
#define PUSHERS 1
#endif
#ifndef EVENTS
#define EVENTS 0
#endif
#ifndef SPAWNS
#define SPAWNS 0
#endif
#ifndef PINS
#define PINS 0
#endif

#define ALL       ((1 << W) - 1)
#define BIT(x)    (1 << (x))
#define HAS(m, x) (((m) >> (x)) & 1)
#define ON(m, x)  m = m | BIT(x)
#define OFF(m, x) m = m & (255 - BIT(x))
#define COUNT(m)  (((m) & 1) + (((m) >> 1) & 1) + (((m) >> 2) & 1) + (((m) >> 3) & 1))
/* The first of a set, plus one; 0 of an empty one. */
#define FIRST(m)  ((m) == 0 -> 0 : ((m) & 1 -> 1 : ((m) & 2 -> 2 : ((m) & 4 -> 3 : 4))))
#define ME        (me + 1)

/* The idle word. Who is deputy or leads: its number plus one. */
byte sleepers, searchers, deputy;
bit stopping;
byte lead;

/* Jobs, and where they lie: a count, or a bit for each worker. */
byte injector, queue[W], slot, pinned;
/* A report that nobody has harvested. */
bit event;
/* The parkers' tokens. */
byte token;

/* What the model knows, and the code does not: who is in a wait, and with a period; who sticks,
 * and as a searcher; whose loop has ended. */
byte waits, timed, stuck, stuck_searching, ended;
/* Threads outside that are at it still. */
byte outside;
byte pushes = PUSHES, events = EVENTS, spawns = SPAWNS, pins = PINS;

#if W == 2
#define ANY(is)   (is(0) || is(1))
#define EACH(do_) do_(0); do_(1)
#define PICK(x)   if :: x = 0 :: x = 1 fi
#elif W == 3
#define ANY(is)   (is(0) || is(1) || is(2))
#define EACH(do_) do_(0); do_(1); do_(2)
#define PICK(x)   if :: x = 0 :: x = 1 :: x = 2 fi
#else
#define ANY(is)   (is(0) || is(1) || is(2) || is(3))
#define EACH(do_) do_(0); do_(1); do_(2); do_(3)
#define PICK(x)   if :: x = 0 :: x = 1 :: x = 2 :: x = 3 fi
#endif

#define LIES(x)         queue[x]
#define LIES_BEHIND(x)  (HAS(stuck, x) && queue[x])
#define QUEUES          ANY(LIES)
#define BEHIND_STUCK    ((slot & stuck) || ANY(LIES_BEHIND))

/* Nothing moves any more, unless a watch is over. */
#define STILL     ((waits | stuck | ended) == ALL && outside == 0)
/* What lies with a worker that is awake: the slot goes before the queue. */
#ifdef MUTANT_SLOT
#define HELP_SLOT(x) 0
#else
#define HELP_SLOT(x) HAS(slot, x)
#endif
#ifdef MUTANT_QUEUE
#define HELP_QUEUE(x) 0
#else
#define HELP_QUEUE(x) queue[x]
#endif
#define AWAKE(x)  (x != me && !HAS(sleepers, x))
#define LOOT(x)   (AWAKE(x) && (HELP_SLOT(x) || HELP_QUEUE(x)))

/* The end of my watch would change something. */
#ifdef MUTANT_INJECTOR
#define LOOKS_THERE 0
#else
#define LOOKS_THERE injector
#endif
#ifdef MUTANT_WAKEFUL
#define DOZES     0
#elif defined(MUTANT_DOZE)
#define DOZES     (deputy == ME)
#else
#define DOZES     (sleepers == ALL && deputy == ME)
#endif
#define USEFUL    (lead == 0 || deputy != ME || LOOKS_THERE || DOZES || ANY(LOOT))

#ifdef NO_WATCH
#define IS_OVER   0
#elif defined(BUSY)
/* Fair: what is reported comes before the time. */
#define IS_OVER   (!event || lead != ME)
#elif defined(QUIET)
#define IS_OVER   USEFUL
#else
/* In a state that is still it may as well wait: the look would lead back to it. */
#define IS_OVER   (!STILL || USEFUL)
#endif

/* watched */
#ifdef MUTANT
#define CHECK     skip
#else
#define CHECK     assert((deputy == 0 || HAS(sleepers, deputy - 1)) \
                         && (sleepers == 0 || sleepers == ALL || deputy))
#endif

/* `worker` is awake and a searcher; `armed` is the new deputy, if there is one. */
inline wake(worker) {
  OFF(sleepers, worker);
#ifdef MUTANT_TOKENLESS
  if :: worker == me -> skip :: else -> searchers++ fi;
#else
  searchers++;
#endif
  if :: deputy == worker + 1 -> deputy = 0 :: else fi;
#ifndef MUTANT_UNARMED
  if :: deputy == 0 -> armed = FIRST(sleepers); deputy = armed :: else fi;
#endif
  CHECK
}

/* Wakes a sleeper, the deputy last, unless somebody searches. Inside an `atomic`. */
inline claim() {
  if
  :: sleepers && searchers == 0 ->
     claimed = (deputy && (sleepers & (255 - BIT(deputy - 1)))
                -> FIRST(sleepers & (255 - BIT(deputy - 1))) : FIRST(sleepers));
     wake(claimed - 1)
  :: else
  fi
}

inline unpark() {
  if
  :: atomic { claimed || armed ->
       if :: claimed -> ON(token, claimed - 1) :: else fi;
#ifndef MUTANT_SILENT
       if :: armed -> ON(token, armed - 1) :: else fi;
#endif
       claimed = 0; armed = 0 }
  :: else
  fi
}

/* One to run, and none or all of the rest into one's own queue. */
inline take(from) {
  from--;
  if :: from > 0 -> queue[me] = queue[me] + from; from = 0 :: skip fi
}

#define HELP(x) \
  if \
  :: !found && LOOT(x) && HELP_SLOT(x) -> OFF(slot, x); found = 1 \
  :: !found && LOOT(x) && !HELP_SLOT(x) -> found = 1; take(queue[x]) \
  :: else \
  fi
#define STEAL(x) if :: x != me && !found && queue[x] -> found = 1; take(queue[x]) :: else fi

#ifdef MUTANT_RELIEF
#define CAN_RELIEVE 1
#else
#define CAN_RELIEVE HAS(sleepers, me)
#endif

/* The word once more: am I asleep, and who is the deputy? */
#define LOOK \
  atomic { \
    !harvested && !over -> \
    if :: HAS(sleepers, me) -> seen = deputy :: else -> searching = 1; goto TURN fi \
  }

proctype Worker(byte me)
{
  bit searching, found, harvested, over;
  byte seen, claimed, armed;   /* `seen`: the deputy, when I last looked */

#ifdef ASLEEP
  goto ASLEEP_ALREADY;
#endif
TURN:
  atomic {
    if :: stopping -> goto END :: else fi;
#ifdef BUSY
    if :: me == 0 -> goto MAINTAIN :: else fi;
#endif
    if
    :: HAS(slot, me) -> OFF(slot, me); goto FOUND
    :: !HAS(slot, me) && queue[me] -> queue[me]--; goto FOUND
    :: else
    fi;
    if
    :: HAS(pinned, me) -> OFF(pinned, me); goto FOUND
    :: injector -> take(injector); goto FOUND
    :: else
    fi
  }
  atomic {
    EACH(STEAL);
    if :: found -> found = 0; goto FOUND :: else fi
  }

#ifdef MUTANT_EARLY
  atomic { found = (injector > 0) }
#endif
  atomic {                            /* announce */
    if :: stopping -> goto END :: else fi;
    ON(sleepers, me);
#ifndef MUTANT_LATE
    if :: searching -> searchers--; searching = 0 :: else fi;
#endif
    if :: deputy == 0 && sleepers != ALL -> deputy = ME :: else fi;
    CHECK;
    seen = deputy
  }
#ifdef MUTANT_EARLY
  atomic { if :: found -> found = 0; goto WITHDRAW :: else fi }
#elif !defined(MUTANT_LOOK)
  atomic { if :: injector -> goto WITHDRAW :: else fi }
#endif
#ifdef MUTANT_LATE
  atomic { if :: searching -> searchers--; searching = 0 :: else fi }
#endif

ASLEEP_ALREADY:
  do
  :: atomic {                         /* choose a wait */
       if
       :: HAS(pinned, me) -> goto WITHDRAW
       :: !HAS(pinned, me) && lead == 0 -> lead = ME; goto WAIT
       :: !HAS(pinned, me) && lead && lead != seen -> goto WAIT
       :: else
       fi
     }
progress_relief:
     atomic {                         /* the leader is the deputy: relieve it */
       if
       :: deputy == seen && CAN_RELIEVE -> deputy = ME; seen = ME
       :: else -> seen = 0
       fi;
       CHECK;
       goto WAIT
     }
WAIT:
     atomic {
       ON(waits, me);
       if :: seen == ME -> ON(timed, me) :: else fi;
       seen = 0
     }
     atomic {
       if
       :: HAS(token, me) -> OFF(token, me)
       :: lead == ME && event -> event = 0; harvested = 1
       :: HAS(timed, me) && IS_OVER -> over = 1
       fi;
       OFF(waits, me); OFF(timed, me)
     }
     atomic {                         /* the token may have come meanwhile */
       if
       :: HAS(token, me) -> OFF(token, me); over = 0
       :: over || !HAS(token, me)     /* a watch that was over before the wait looks for none */
       fi;
#ifndef MUTANT_LEAD
       if :: lead == ME -> lead = 0 :: else fi
#endif
     }
     if
     :: atomic { harvested -> goto WITHDRAW }
     :: atomic {                      /* my watch is over */
          over ->
          over = 0;
          if
#ifndef QUIET
          :: over = 1                 /* all have moved since it began, or not all that matter */
#endif
          :: skip;                    /* or Spin takes the first `else` for this choice's */
             EACH(HELP);
             if :: found -> goto WITHDRAW :: else fi
          fi
        }
        atomic { if :: LOOKS_THERE -> over = 0; goto WITHDRAW :: else fi };
        atomic {
          if
          :: over -> over = 0
          :: else ->
             if :: DOZES -> deputy = 0 :: else fi;
             CHECK
          fi
        }
        LOOK
     :: LOOK
     fi
  od;

WITHDRAW:
  atomic {
    seen = 0;
    if :: HAS(sleepers, me) -> wake(me) :: else fi;
#ifdef MUTANT_TOKENLESS
    searching = 0
#else
    searching = 1
#endif
  }
  unpark();
  atomic {
#ifdef MUTANT_LEAD
    if :: lead == ME && !harvested -> lead = 0 :: else fi;
#endif
    if
    :: found -> found = 0; goto FOUND
    :: harvested -> harvested = 0; queue[me]++
    :: else -> goto TURN
    fi;
#ifndef NO_WATCH
    if                                /* a foreign waker is user code as well */
    :: COUNT(stuck) < W - 1 -> ON(stuck, me); ON(stuck_searching, me); goto STUCK
    :: skip
    fi;
#endif
#ifdef MUTANT_LEAD
    if :: lead == ME -> lead = 0 :: else fi;
#endif
    goto TURN
  }

FOUND:
  atomic { if :: searching -> skip :: else -> goto JOB fi }
  atomic {                            /* nobody may rely on my search any more */
    searching = 0;
    searchers--;
    if :: searchers == 0 -> skip :: else -> goto JOB fi
  }
#ifndef MUTANT_LAST
  atomic { if :: injector || queue[me] -> claim() :: else -> goto JOB fi };
  unpark();
#endif
JOB:
  atomic {
    if
    :: spawns -> spawns--; if :: HAS(slot, me) -> queue[me]++ :: else -> ON(slot, me); goto JOB fi
    :: COUNT(stuck) < W - 1 -> ON(stuck, me); goto STUCK
    :: goto TURN
    fi;
    /* Shared, or not: without a fence it may miss a sleeper. */
    if :: skip; claim() :: goto JOB fi
  }
  unpark();
  goto JOB;

#ifdef BUSY
MAINTAIN:
  atomic { if :: lead == 0 && event -> event = 0; queue[me]++ :: else fi }
#ifndef MUTANT_MAINTENANCE
  atomic { EACH(HELP); if :: found -> queue[me]++; found = 0 :: else fi }
#endif
  atomic { if :: injector -> injector-- :: else fi; queue[me] = 0; goto TURN };
#endif

STUCK:
  false;
END:
  atomic { if :: searching -> searchers-- :: else fi; ON(ended, me) }
}

/* A thread of the user's. */
proctype Outside()
{
  byte claimed, armed, x;
  byte me = W;                        /* no worker */
  do
  :: atomic { pushes -> pushes--; injector++ };
#ifndef MUTANT_PUSH
     atomic { claim(); x = stopping };
     unpark();
#endif
#ifdef STOP
     atomic { if :: x -> injector = 0 :: else fi; x = 0 }
#endif
  :: atomic { pins -> pins--; PICK(x); ON(pinned, x) };
     atomic { ON(token, x); x = 0 }
  :: atomic { events && !event -> events--; event = 1 }
  :: atomic { outside--; break }
  od
}

#ifdef STOP
bit drained;
#define DROP(x)  queue[x] = 0

proctype Stop()
{
  byte woken;
  atomic {
    stopping = 1;
    woken = sleepers;
    searchers = searchers + COUNT(sleepers);
    sleepers = 0;
    deputy = 0
  }
#ifndef MUTANT_STOP
  atomic { token = token | woken; woken = 0 }
#endif
  atomic { ended == ALL -> drained = 1; injector = 0; EACH(DROP) }
}
#endif

#ifndef BUSY
/* Nothing can move any more. */
active proctype Rest()
{
  timeout ->
  d_step {
#ifdef STOP
    assert((ended | stuck) == ALL && outside == 0);
    assert(stuck || (drained && injector == 0 && !QUEUES))
#elif defined(NO_WATCH)
    /* Only what lies with a worker that sticks waits for a watch. */
    assert((waits | stuck) == ALL && outside == 0);
    assert(injector == 0);
    assert(((slot | pinned) & (255 - stuck)) == 0);
    assert(stuck || (!QUEUES && !event && lead))
#else
    assert((waits | stuck) == ALL && outside == 0);
    assert(injector == 0 && !QUEUES && slot == 0 && !event);
    assert((pinned & (255 - stuck)) == 0);
    /* What comes next is seen as well. */
    assert(lead && HAS(waits, lead - 1));
    /* Who sticks is watched, by one; and if nobody does, nothing waits with a period. */
    assert((stuck > 0) == (deputy > 0));
    assert(timed == (deputy -> BIT(deputy - 1) : 0));
    assert(searchers == COUNT(stuck_searching))
#endif
  }
}
#else
ltl relieved { <>[] (injector == 0 && !event && !BEHIND_STUCK) }
#endif

#define START(x) run Worker(x)

init {
  atomic {
#ifdef ASLEEP
    sleepers = ALL;
#endif
    EACH(START);
    outside = PUSHERS;
    run Outside();
#if PUSHERS > 1
    run Outside();
#endif
#ifdef STOP
    run Stop()
#endif
  }
}
