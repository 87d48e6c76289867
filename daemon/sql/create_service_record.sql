-- Records a service with its readings and answers, judged where a procedure is followed; a trigger moves the due date.
SELECT s.refusal, s.id, s.agency, s.tag, s.plan, s.done_on, s.result, s.readings, s.notes, s.recorded_by, s.recorded_at, s.next_due_on,
  s.procedure, s.procedure_version, s.answers, s.analyser, s.analyser_out_of_date, s.ticket
FROM radioshop.record_service(:asset::text, :plan::text, :result::text, :done_on::date, :readings.name::text[], :readings.value::float8[],
  :readings.unit::text[], :notes::text, :readings.frequency_mhz::float8[], :readings.limit::text[], :answers.step::text[],
  :answers.answer::text[], :analyser::text, :open_ticket::bool, :procedure::text, :procedure_version::int4) s
