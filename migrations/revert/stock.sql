-- Revert radioshop:stock from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 6;

DROP FUNCTION radioshop.count_parts(text, text, int, int, text, text);
DROP FUNCTION radioshop.scrap_parts(text, text, int, text, text);
DROP FUNCTION radioshop.move_parts(text, text, text, int, text, text);
DROP FUNCTION radioshop.return_parts(text, text, int, text);
DROP FUNCTION radioshop.use_parts(text, text, int, text, text);
DROP FUNCTION radioshop.ticket_for_parts(text);
DROP FUNCTION radioshop.add_part_entry(int, uuid, uuid, int, bigint, int);
DROP FUNCTION radioshop.receive_parts(text, text, int, bigint, text, text, date);
DROP FUNCTION radioshop.refuse_shortage(uuid, uuid, uuid, int, text, text);
DROP FUNCTION radioshop.part_to_move(text);
DROP FUNCTION radioshop.update_part(text, bigint, text[], text, text, text, text, text, text[], int, int, boolean);
DROP FUNCTION radioshop.create_part(text, text, text, text, text, text, text[], int, int, boolean);
DROP FUNCTION radioshop.fit_models(uuid, text[]);
DROP FUNCTION radioshop.parts_below_reorder();
DROP FUNCTION radioshop.places_of(uuid);
DROP FUNCTION radioshop.shown_part(uuid);
DROP FUNCTION radioshop.shown_change(uuid, uuid);
DROP FUNCTION radioshop.pick_lots(uuid, uuid, uuid, int);
DROP FUNCTION radioshop.on_hand(uuid);
DROP FUNCTION radioshop.where_on_hand(uuid);
DROP FUNCTION radioshop.one_lot(uuid, text);
DROP FUNCTION radioshop.refuse_full_location(uuid);
DROP FUNCTION radioshop.one_location(text, text, boolean);
DROP FUNCTION radioshop.one_part(text);
DROP FUNCTION radioshop.refuse_quantity(int);
DROP FUNCTION radioshop.refuse_stock();
DROP TYPE radioshop.part_shown;
DROP TYPE radioshop.stock_changed;
DROP TABLE radioshop.part_move, radioshop.part_use, radioshop.part_stock, radioshop.part_lot, radioshop.stock_location,
  radioshop.part_model, radioshop.part;
DROP FUNCTION radioshop.stock_follow();
DROP FUNCTION radioshop.stock_by_moves();

-- Entries that take something back would lose their meaning: the constraint below refuses to go back while there are any.
ALTER TABLE radioshop.ticket_entry
  DROP CONSTRAINT ticket_entry_corrects_known,
  DROP CONSTRAINT ticket_entry_corrects_fits,
  DROP CONSTRAINT ticket_entry_cost_cents_range,
  DROP COLUMN corrects,
  ADD CONSTRAINT ticket_entry_cost_cents_range CHECK (cost_cents BETWEEN 0 AND 100000000);
COMMENT ON CONSTRAINT ticket_entry_cost_cents_range ON radioshop.ticket_entry IS
  'cost_cents: give at most 100,000,000 cents, and not less than none';

COMMIT;
