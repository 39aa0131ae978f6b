/*
 * libprio's side of the measurement (bench/interleave.mjs): takes blocks of reports through client and both servers, by
 * the functions of libprio's public header alone, and says how long each step took.
 *
 *   driver FIELDS
 *
 * It answers with one line of JSON when it is ready, and with one more for each line of its input, which is a number of
 * reports. A time is two numbers of nanoseconds: on the wall, and of the processor. The totals are checked at the end
 * of the input. Exits with 1 when anything fails. As in bench/program.ts, all reports of a block take a step before the
 * next step begins, so that the clocks are read once a step and not once a report.
 */

#define _POSIX_C_SOURCE 200809L

#include <mprio.h>
#include <nss.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char batch_id[] = "bench";

/* What one server has of one report. */
struct side
{
  unsigned char* packet;
  unsigned int packet_bytes;
  PrioVerifier verifier;
  PrioPacketVerify1 verify1;
  PrioPacketVerify2 verify2;
};

struct server
{
  PublicKey public_key;
  PrivateKey private_key;
  PrioServer session;
};

struct duration
{
  long long wall;
  long long processor;
};

static void
fail(const char* what)
{
  fprintf(stderr, "libprio: %s failed\n", what);
  exit(1);
}

static void
need(SECStatus status, const char* what)
{
  if (status != SECSuccess)
    fail(what);
}

static void*
need_pointer(void* pointer, const char* what)
{
  if (pointer == NULL)
    fail(what);
  return pointer;
}

static long long
nanoseconds(clockid_t clock)
{
  struct timespec now;
  if (clock_gettime(clock, &now) != 0)
    fail("clock_gettime");
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void
start(struct duration* d)
{
  d->wall -= nanoseconds(CLOCK_MONOTONIC);
  d->processor -= nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
}

static void
stop(struct duration* d)
{
  d->processor += nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  d->wall += nanoseconds(CLOCK_MONOTONIC);
}

/*
 * Decrypts and evaluates every report, and makes the first messages. Making and freeing objects is part of the time, as
 * it is in program.ts.
 */
static void
open_reports(PrioServer session, struct side* sides, int count, struct duration* d)
{
  start(d);
  for (int i = 0; i < count; i++) {
    struct side* s = &sides[i];
    s->verifier = need_pointer(PrioVerifier_new(session), "PrioVerifier_new");
    need(PrioVerifier_set_data(s->verifier, s->packet, s->packet_bytes), "PrioVerifier_set_data");
    s->verify1 = need_pointer(PrioPacketVerify1_new(), "PrioPacketVerify1_new");
    need(PrioPacketVerify1_set_data(s->verify1, s->verifier), "PrioPacketVerify1_set_data");
  }
  stop(d);
}

static void
answer_reports(struct side* own, struct side* a, struct side* b, int count, struct duration* d)
{
  start(d);
  for (int i = 0; i < count; i++) {
    own[i].verify2 = need_pointer(PrioPacketVerify2_new(), "PrioPacketVerify2_new");
    need(PrioPacketVerify2_set_data(own[i].verify2, own[i].verifier, a[i].verify1, b[i].verify1),
         "PrioPacketVerify2_set_data");
  }
  stop(d);
}

static void
count_reports(PrioServer session, struct side* own, struct side* a, struct side* b, int count, struct duration* d)
{
  start(d);
  for (int i = 0; i < count; i++) {
    need(PrioVerifier_isValid(own[i].verifier, a[i].verify2, b[i].verify2), "PrioVerifier_isValid");
    need(PrioServer_aggregate(session, own[i].verifier), "PrioServer_aggregate");
  }
  stop(d);
}

static void
free_reports(struct side* sides, int count, struct duration* d)
{
  start(d);
  for (int i = 0; i < count; i++) {
    PrioVerifier_clear(sides[i].verifier);
    PrioPacketVerify1_clear(sides[i].verify1);
    PrioPacketVerify2_clear(sides[i].verify2);
  }
  stop(d);
}

static void
run_block(PrioConfig config, struct server* a, struct server* b, const bool* values, int count)
{
  struct side* of_a = need_pointer(calloc(count, sizeof *of_a), "calloc");
  struct side* of_b = need_pointer(calloc(count, sizeof *of_b), "calloc");
  struct duration encode = { 0 }, check_a = { 0 }, check_b = { 0 };

  start(&encode);
  for (int i = 0; i < count; i++) {
    need(PrioClient_encode(
           config, values, &of_a[i].packet, &of_a[i].packet_bytes, &of_b[i].packet, &of_b[i].packet_bytes),
         "PrioClient_encode");
  }
  stop(&encode);

  open_reports(a->session, of_a, count, &check_a);
  open_reports(b->session, of_b, count, &check_b);
  answer_reports(of_a, of_a, of_b, count, &check_a);
  answer_reports(of_b, of_a, of_b, count, &check_b);
  count_reports(a->session, of_a, of_a, of_b, count, &check_a);
  count_reports(b->session, of_b, of_a, of_b, count, &check_b);
  free_reports(of_a, count, &check_a);
  free_reports(of_b, count, &check_b);

  double bytes_a = 0, bytes_b = 0;
  for (int i = 0; i < count; i++) {
    bytes_a += of_a[i].packet_bytes;
    bytes_b += of_b[i].packet_bytes;
    free(of_a[i].packet);
    free(of_b[i].packet);
  }
  free(of_a);
  free(of_b);

  printf("{\"encode\":[%lld,%lld],\"checkA\":[%lld,%lld],\"checkB\":[%lld,%lld],\"bytes\":[%.0f,%.0f]}\n",
         encode.wall,
         encode.processor,
         check_a.wall,
         check_a.processor,
         check_b.wall,
         check_b.processor,
         bytes_a / count,
         bytes_b / count);
  fflush(stdout);
}

static void
check_totals(PrioConfig config, PrioServer a, PrioServer b, const bool* values, int fields, unsigned long long reports)
{
  PrioTotalShare of_a = need_pointer(PrioTotalShare_new(), "PrioTotalShare_new");
  PrioTotalShare of_b = need_pointer(PrioTotalShare_new(), "PrioTotalShare_new");
  unsigned long long* totals = need_pointer(calloc(fields, sizeof *totals), "calloc");
  need(PrioTotalShare_set_data(of_a, a), "PrioTotalShare_set_data");
  need(PrioTotalShare_set_data(of_b, b), "PrioTotalShare_set_data");
  need(PrioTotalShare_final(config, totals, of_a, of_b), "PrioTotalShare_final");
  for (int i = 0; i < fields; i++) {
    if (totals[i] != (values[i] ? reports : 0))
      fail("the comparison of the totals");
  }
  free(totals);
  PrioTotalShare_clear(of_a);
  PrioTotalShare_clear(of_b);
}

int
main(int argc, char** argv)
{
  const int fields = argc == 2 ? atoi(argv[1]) : 0;
  if (fields < 1) {
    fprintf(stderr, "usage: driver FIELDS\n");
    return 2;
  }

  struct server a, b;
  PrioPRGSeed secret;
  need(Prio_init(), "Prio_init");
  need(Keypair_new(&a.private_key, &a.public_key), "Keypair_new");
  need(Keypair_new(&b.private_key, &b.public_key), "Keypair_new");
  need(PrioPRGSeed_randomize(&secret), "PrioPRGSeed_randomize");
  PrioConfig config = need_pointer(
    PrioConfig_new(fields, a.public_key, b.public_key, (const unsigned char*)batch_id, sizeof batch_id - 1),
    "PrioConfig_new");
  a.session = need_pointer(PrioServer_new(config, PRIO_SERVER_A, a.private_key, secret), "PrioServer_new");
  b.session = need_pointer(PrioServer_new(config, PRIO_SERVER_B, b.private_key, secret), "PrioServer_new");

  /* The same values as in bench/program.ts. */
  bool* values = need_pointer(calloc(fields, sizeof *values), "calloc");
  for (int i = 0; i < fields; i++)
    values[i] = i % 2 == 1;

  printf("{\"version\":\"NSS %s\"}\n", NSS_GetVersion());
  fflush(stdout);

  int count;
  unsigned long long reports = 0;
  while (scanf("%d", &count) == 1 && count > 0) {
    run_block(config, &a, &b, values, count);
    reports += count;
  }
  check_totals(config, a.session, b.session, values, fields, reports);

  free(values);
  PrioServer_clear(a.session);
  PrioServer_clear(b.session);
  PrioConfig_clear(config);
  PublicKey_clear(a.public_key);
  PublicKey_clear(b.public_key);
  PrivateKey_clear(a.private_key);
  PrivateKey_clear(b.private_key);
  Prio_clear();
  return 0;
}
