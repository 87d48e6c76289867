-- Records the readings of many assets, each kept or refused by itself. A function, because each is looked at after the one before.
SELECT i.refusal, i.line, i.outcome, i."column", i.value, i.reason
FROM radioshop.import_meter_readings(:rows.line::int4[], :rows.asset::text[], :rows.meter::text[], :rows.value::int8[],
  :rows.read_on::text[], :rows.replaced::bool[]) i
