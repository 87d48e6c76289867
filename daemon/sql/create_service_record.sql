-- Records a service with its readings; a trigger moves the due date in the same transaction.
SELECT s.refusal, s.id, s.agency, s.tag, s.plan, s.done_on, s.result, s.readings, s.notes, s.recorded_by, s.recorded_at, s.next_due_on
FROM radioshop.record_service(:asset::text, :plan::text, :result::text, :done_on::date, :readings.name::text[], :readings.value::float8[],
  :readings.unit::text[], :notes::text) s
