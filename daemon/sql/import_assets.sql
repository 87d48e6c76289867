-- Rows of a table into the register, each kept or refused by itself. A function, because every row is a transaction of its own.
SELECT i.refusal, i.line, i.outcome, i.id, i."column", i.value, i.reason
FROM radioshop.import_assets(:agency::text, :dry_run::bool, :rows.line::int4[], :rows.tag::text[], :rows.serial::text[],
  :rows.model::text[], :rows.class::text[], :rows.status::text[], :rows.assigned_to::text[], :rows.location::text[],
  :rows.system::text[], :rows.unit_id::text[], :rows.alias::text[], :rows.firmware::text[], :rows.codeplug::text[],
  :rows.purchased_on::text[], :rows.warranty_until::text[], :rows.cost::text[], :rows.quantity::text[],
  :rows.description::text[], :rows.notes::text[], :run::text, :rows_done::int4, :rows.fields::text[]) i
