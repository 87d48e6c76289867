-- Records a reading; a trigger counts the due dates of plans that go by the meter in the same transaction.
SELECT s.refusal, s.id, s.agency, s.tag, s.meter, s.read_on, s.value, s.replaced, s.total, s.note, s.recorded_by, s.recorded_at
FROM radioshop.record_meter(:asset::text, :meter::text, :value::int8, :read_on::date, :replaced::bool, :note::text) s
