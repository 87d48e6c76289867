-- One part by its number or the maker's, with the places where it lies.
SELECT o.refusal, t.number, t.name, t.manufacturer, t.maker_number, t.unit, t.class, t.models, t.reorder_point, t.reorder_quantity, t.obsolete,
  t.on_hand, t.revision,
  radioshop.places_of(o.part_id) AS places
FROM radioshop.one_part(:part::text) o
LEFT JOIN LATERAL radioshop.shown_part(o.part_id) t ON o.refusal IS NULL
