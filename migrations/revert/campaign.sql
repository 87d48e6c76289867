-- Revert radioshop:campaign from pg

BEGIN;

UPDATE radioshop.schema_version SET version = 21;

DROP FUNCTION radioshop.end_campaign(text, bigint, text, text);
DROP FUNCTION radioshop.update_campaign(text, bigint, text[], text, text, date, date);
DROP FUNCTION radioshop.campaign_to_change(text, bigint);
DROP TRIGGER reopen_campaigns ON radioshop.asset_former_serial;
DROP FUNCTION radioshop.campaign_of_replaced();
DROP FUNCTION radioshop.undo_campaign_tick(text, text, text);
DROP FUNCTION radioshop.tick_campaign_item(text, text, text, text);
DROP FUNCTION radioshop.enter_campaign_target(int, uuid, text, text);
DROP FUNCTION radioshop.add_campaign_item(text, text);
DROP FUNCTION radioshop.campaign_item_to_change(text, text);
DROP FUNCTION radioshop.create_campaign(text, text, text, text, text, date, date, text[], text, text, text, text, text, text, text);
DROP FUNCTION radioshop.preview_campaign(text[], text, text, text, text, text, text, text);
DROP FUNCTION radioshop.campaign_fitting(int[], uuid[], text, text, text, text, text);
DROP FUNCTION radioshop.read_campaign_selection(text[], text, text, text, text, text, text, text);
DROP FUNCTION radioshop.shown_campaign_item(int, uuid, uuid);
DROP TYPE radioshop.campaign_item_shown;
DROP FUNCTION radioshop.one_campaign(text);
DROP FUNCTION radioshop.shown_campaign(uuid);
DROP TYPE radioshop.campaign_shown;
DROP FUNCTION radioshop.campaign_percent(bigint, bigint, bigint, bigint);
DROP FUNCTION radioshop.campaign_item_state(text, text);
DROP POLICY campaign_change ON radioshop.campaign;
DROP POLICY campaign_read ON radioshop.campaign;
DROP TABLE radioshop.campaign_item;
DROP TABLE radioshop.campaign_selection;
DROP TABLE radioshop.campaign;

COMMIT;
