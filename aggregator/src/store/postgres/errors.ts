// Which errors of PostgreSQL are worth another try.

import pg from "pg";

/**
 * Codes (SQLSTATE) that another try may not meet: serialization failure, deadlock, a lock that was waited for too long,
 * too many connections, and a server that starts, stops or lost its primary.
 */
const PASSING = ["40001", "40P01", "55P03", "53300", "57P01", "57P02", "57P03", "25006"];
/** What Node and pg say of a connection that broke or was not made. */
const BROKEN = ["ECONNRESET", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"];

/** Whether a transaction that failed before its COMMIT was sent may be tried again. */
export function isPassing(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.code !== undefined && PASSING.includes(error.code);
  return isBroken(error);
}

/** Whether the connection broke: where COMMIT was sent, nobody knows whether it was carried out. */
export function isBroken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof pg.DatabaseError) return error.code?.startsWith("57P") ?? false;
  if ("syscall" in error && error.syscall === "connect") return true;
  const code = "code" in error ? String(error.code) : "";
  return (
    BROKEN.includes(code) ||
    /connection terminated|timeout exceeded when trying to connect|client has encountered a connection error/i.test(
      error.message,
    )
  );
}
