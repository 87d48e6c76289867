-- Records the runs of an analyser, each kept or refused by itself. A function, because every run is a transaction of its own.
SELECT i.refusal, i.line, i.outcome, i.id, i.asset, i.result, i.ticket, i."column", i.value_at_fault AS value, i.reason
FROM radioshop.import_results(:dry_run::bool, :plan::text, :procedure::text, :analyser::text, :open_ticket::bool, :rows.line::int4[],
  :rows.run::int4[], :rows.serial::text[], :rows.tag::text[], :rows.tested_at::text[], :rows.analyser::text[], :rows.plan::text[],
  :rows.procedure::text[], :rows.step::text[], :rows.value::text[], :rows.unit::text[], :rows.frequency_mhz::text[], :rows.low::text[],
  :rows.high::text[], :rows.verdict::text[], :rows.notes::text[]) i
