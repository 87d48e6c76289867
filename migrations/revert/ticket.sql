-- Revert radioshop:ticket from pg

BEGIN;

DROP FUNCTION radioshop.update_ticket(text, bigint, text[], text, text, text, text);
DROP FUNCTION radioshop.add_ticket_entry(text, text, text, int, bigint);
DROP FUNCTION radioshop.move_ticket(text, bigint, text, text, text, text);
DROP FUNCTION radioshop.ticket_to_change(text, bigint);
DROP FUNCTION radioshop.log_repair(text, text, text, text, int, text, bigint);
DROP FUNCTION radioshop.open_ticket(text, text, text, boolean);
DROP FUNCTION radioshop.refuse_second_ticket(int, uuid, text);
DROP FUNCTION radioshop.asset_to_repair(text);
DROP FUNCTION radioshop.add_entry(int, uuid, text, text, int, bigint, text);
DROP FUNCTION radioshop.next_ticket_number(int);
DROP FUNCTION radioshop.find_ticket(text);
DROP FUNCTION radioshop.entries_of(int, uuid);
DROP FUNCTION radioshop.shown_ticket(int, uuid);
DROP TYPE radioshop.ticket_shown;
DROP TABLE radioshop.ticket_entry;
DROP TABLE radioshop.ticket;
DROP TABLE radioshop.ticket_counter;
DROP FUNCTION radioshop.ticket_follow();
DROP FUNCTION radioshop.shop_status(text);
DROP FUNCTION radioshop.ticket_moves(text);
DROP TABLE radioshop.ticket_move;

COMMIT;
