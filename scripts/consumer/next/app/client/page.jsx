// A client component, which runs in the browser.

"use client";

import { useEffect, useState } from "react";
import { batch } from "../../batch.mjs";
import { run } from "../../collect.mjs";

export default function Page() {
  const [outcome, setOutcome] = useState("");
  useEffect(() => {
    try {
      setOutcome(run(batch).join(" and "));
    } catch (error) {
      setOutcome(String(error));
    }
  }, []);
  return <output>{outcome}</output>;
}
