-- Deploy radioshop:flashcode to pg
--
-- What a radio can do, by its FLASHcode: 24 characters of six bits, of which the older short form writes the first 12, and a check digit
-- between. Few codes are different within a fleet, so nothing is kept beside the code itself: questions walk the different codes of an
-- agency on an index, read each of them once, and take the radios from the index.

BEGIN;

-- ---------------------------------------------------------------------------------------------------------------------
-- The code

-- What is written, whatever it is worth: the 24 characters (the short form has nothing in the later ones), the check digit that is there
-- and the one that should be. All NULL when it has another form. Capitals matter in a FLASHcode.
CREATE FUNCTION radioshop.read_flashcode(code text, OUT payload text, OUT short boolean, OUT stated text, OUT expected text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  alphabet constant text := '0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz#(+$)&%';
  part text[];
  total int := 0;
  value int;
BEGIN
  IF code = '' THEN
    RETURN;
  END IF;
  part := regexp_match(btrim(code), '^([0-9A-HJ-NP-Za-hjkmnp-z#(+$)&%]{6})-?([0-9A-HJ-NP-Za-hjkmnp-z#(+$)&%]{6})-?([0-9A-HJ-NP-Za-hjkmnp-z#(+$)&%])(?:-?([0-9A-HJ-NP-Za-hjkmnp-z#(+$)&%]{6})-?([0-9A-HJ-NP-Za-hjkmnp-z#(+$)&%]{6}))?$');
  IF part IS NULL THEN
    RETURN;
  END IF;
  short := part[4] IS NULL;
  payload := part[1] || part[2] || coalesce(part[4] || part[5], '000000000000');
  stated := part[3];
  -- The sum of the decimal digits of each value, of every other one doubled, begins to be a multiple of ten with the check digit.
  FOR i IN 1 .. 24 LOOP
    value := (strpos(alphabet, substr(payload, i, 1)) - 1) * (1 + i % 2);
    total := total + value / 100 + value / 10 % 10 + value % 10;
  END LOOP;
  expected := ((10 - total % 10) % 10)::text;
END
$$;

-- The 24 characters of a code that can be trusted; NULL when there is none, or its check digit says that it was miscopied.
CREATE FUNCTION radioshop.flashcode_key(code text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  it record;
BEGIN
  IF code = '' THEN
    RETURN NULL;
  END IF;
  it := radioshop.read_flashcode(code);
  RETURN CASE WHEN it.stated = it.expected THEN it.payload END;
END
$$;

CREATE FUNCTION radioshop.flashcode_warning(code text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  it record;
BEGIN
  IF btrim(code) = '' THEN
    RETURN NULL;
  END IF;
  it := radioshop.read_flashcode(code);
  RETURN CASE WHEN it.payload IS NULL THEN
      format('flashcode %s: a FLASHcode is 12 or 24 characters with a check digit behind the twelfth, such as 000080-000000-3, without I, O, i, l and o; capitals matter', code)
    WHEN it.stated <> it.expected THEN
      format('flashcode %s: its check digit is %s and should be %s; read it again, until then what the radio can do is not known', code, it.stated, it.expected) END;
END
$$;

ALTER TABLE radioshop.asset
  ADD COLUMN flashcode text NOT NULL DEFAULT '',
  ADD COLUMN flashcode_key text COLLATE "C" GENERATED ALWAYS AS (radioshop.flashcode_key(flashcode)) STORED,
  ADD CONSTRAINT asset_flashcode_form CHECK (radioshop.is_line(flashcode, 64));
COMMENT ON CONSTRAINT asset_flashcode_form ON radioshop.asset IS 'flashcode: a FLASHcode is one line of at most 64 characters';
COMMENT ON COLUMN radioshop.asset.flashcode_key IS 'the 24 characters of a FLASHcode whose check digit is right';
-- Only radios whose FLASHcode is known are in it.
CREATE INDEX asset_by_flashcode ON radioshop.asset (agency_id, flashcode_key, tag_key) WHERE flashcode_key IS NOT NULL;
GRANT UPDATE (flashcode) ON radioshop.asset TO radioshop_app;

DROP TRIGGER record_event ON radioshop.asset;
CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.asset
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('asset', 'asset_id', 'tag_key', 'serial_key', 'system_key', 'alias_key', 'flashcode_key');

CREATE OR REPLACE FUNCTION radioshop.asset_warnings(it radioshop.asset, fields text[]) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
DECLARE
  warnings text[] := '{}';
BEGIN
  IF (fields IS NULL OR fields && '{serial,model}') AND it.serial <> ''
      AND EXISTS (SELECT FROM radioshop.model m WHERE m.model_id = it.model_id AND m.manufacturer ILIKE 'motorola%') THEN
    warnings := warnings || radioshop.motorola_serial_warning(it.serial);
  END IF;
  IF (fields IS NULL OR 'flashcode' = ANY (fields)) AND it.flashcode <> '' THEN
    warnings := warnings || radioshop.flashcode_warning(it.flashcode);
  END IF;
  RETURN array_remove(warnings, NULL);
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What its bits mean: the shop's, and the same for all agencies. deploy/catalogue has both as files, with their source.

CREATE TABLE radioshop.flashcode_option (
  part text COLLATE "C" NOT NULL,
  name text NOT NULL,
  "character" int NOT NULL,
  lsb int NOT NULL,
  width int NOT NULL DEFAULT 1,
  value int NOT NULL DEFAULT 1,
  mobile boolean,
  refresh boolean,
  only_if text NOT NULL DEFAULT '',
  capabilities text[] NOT NULL DEFAULT '{}',
  CONSTRAINT flashcode_option_pkey PRIMARY KEY ("character", lsb, width, value, part),
  CONSTRAINT flashcode_option_part_form CHECK (part ~ '^[A-Z0-9]{2,16}$'),
  CONSTRAINT flashcode_option_name_form CHECK (name <> '' AND radioshop.is_line(name, 120)),
  CONSTRAINT flashcode_option_bits_range CHECK ("character" BETWEEN 0 AND 23 AND lsb BETWEEN 0 AND 5 AND width BETWEEN 1 AND 6 - lsb),
  CONSTRAINT flashcode_option_value_range CHECK (value BETWEEN 1 AND (1 << width) - 1),
  CONSTRAINT flashcode_option_only_if_form CHECK (radioshop.is_line(only_if, 120)),
  CONSTRAINT flashcode_option_capabilities_known CHECK (capabilities <@ '{phase2_tdma,trunking_9600,smartzone,software_aes,
    software_des,software_adp,multikey,otar,multi_system_otar,tactical_inhibit,radio_authentication,over_the_air_programming,gps,bluetooth,
    wifi,lte}'::text[])
);
COMMENT ON COLUMN radioshop.flashcode_option.lsb IS 'the lowest of its bits in that character, 0 to 5';
COMMENT ON COLUMN radioshop.flashcode_option.mobile IS 'only in mobile radios, only in others, or NULL: in both';
COMMENT ON COLUMN radioshop.flashcode_option.refresh IS 'only in models of the FLASHport refresh, only in others, or NULL: in both';
COMMENT ON COLUMN radioshop.flashcode_option.only_if IS 'what else must be so, that a code does not tell';
COMMENT ON CONSTRAINT flashcode_option_pkey ON radioshop.flashcode_option IS 'option.part: these bits mean this option already';
COMMENT ON CONSTRAINT flashcode_option_part_form ON radioshop.flashcode_option IS
  'option.part: an option number is 2 to 16 capitals and digits, such as QA00580';
COMMENT ON CONSTRAINT flashcode_option_name_form ON radioshop.flashcode_option IS
  'option.name: a name is needed, one line of at most 120 characters';
COMMENT ON CONSTRAINT flashcode_option_bits_range ON radioshop.flashcode_option IS
  'option.character: a FLASHcode has the characters 0 to 23, and a character the bits 0 to 5';
COMMENT ON CONSTRAINT flashcode_option_value_range ON radioshop.flashcode_option IS 'option.value: the bits cannot have this value';
COMMENT ON CONSTRAINT flashcode_option_only_if_form ON radioshop.flashcode_option IS
  'option.only_if: a condition is one line of at most 120 characters';
COMMENT ON CONSTRAINT flashcode_option_capabilities_known ON radioshop.flashcode_option IS 'option.capabilities: this capability is not known';

-- Which models have the FLASHport refresh: in these some bits mean something else. What is not here is not known.
CREATE TABLE radioshop.flashport_model (
  number_key text COLLATE "C" NOT NULL,
  refresh boolean NOT NULL,
  CONSTRAINT flashport_model_pkey PRIMARY KEY (number_key)
);

INSERT INTO radioshop.flashcode_option (part, name, "character", lsb, width, value, mobile, refresh, only_if, capabilities) VALUES
  ('GA01202', 'Geofence', 0, 5, 1, 1, true, NULL, '', '{}'),
  ('QA04447', 'Geofence', 0, 5, 1, 1, false, NULL, '', '{}'),
  ('G170', 'Trunked trace and remote monitor', 0, 4, 1, 1, true, NULL, '', '{}'),
  ('H43', 'Trunked trace and remote monitor', 0, 4, 1, 1, false, NULL, '', '{}'),
  ('G996', 'Programming over the air', 0, 3, 1, 1, NULL, NULL, '', '{over_the_air_programming}'),
  ('QA02006', 'XE housing', 0, 2, 1, 1, false, NULL, '', '{}'),
  ('W12', 'Receive preamplifier', 0, 1, 1, 1, true, NULL, '', '{}'),
  ('G806', 'Digital (IMBE)', 0, 0, 1, 1, true, NULL, '', '{}'),
  ('Q806', 'Digital (IMBE)', 0, 0, 1, 1, false, NULL, '', '{}'),
  ('GA09000', 'Tone signalling on P25', 1, 5, 1, 1, true, NULL, '', '{}'),
  ('QA09000', 'Tone signalling on P25', 1, 5, 1, 1, false, NULL, '', '{}'),
  ('GA01767', 'Radio authentication', 1, 4, 1, 1, true, NULL, '', '{radio_authentication}'),
  ('QA01767', 'Radio authentication', 1, 4, 1, 1, false, NULL, '', '{radio_authentication}'),
  ('G298', 'OTAR, several keys', 1, 3, 1, 1, true, NULL, '', '{otar,multikey}'),
  ('Q498', 'OTAR, several keys', 1, 3, 1, 1, false, NULL, '', '{otar,multikey}'),
  ('H869', 'Several keys', 1, 2, 1, 1, false, NULL, '', '{multikey}'),
  ('W969', 'Several keys', 1, 2, 1, 1, true, NULL, '', '{multikey}'),
  ('GA00243', 'Front panel programming, federal', 1, 1, 1, 1, true, NULL, '', '{}'),
  ('Q52', 'Front panel programming, federal', 1, 1, 1, 1, false, NULL, '', '{}'),
  ('G138', 'Motorcycle', 1, 0, 1, 1, true, NULL, '', '{}'),
  ('QA03056', '900 MHz first band', 2, 5, 1, 1, false, true, '', '{}'),
  ('GA04892', '800/900 MHz first band', 2, 4, 2, 3, true, true, 'single band 8/900', '{}'),
  ('GA00244', '700/800 MHz', 2, 3, 2, 3, true, true, 'not single band 8/900', '{}'),
  ('QA00569', '700/800 MHz', 2, 3, 2, 3, false, true, '', '{}'),
  ('GA00345', 'UHF R2', 2, 2, 1, 1, true, true, '', '{}'),
  ('QA00572', 'UHF R2', 2, 2, 1, 1, false, true, '', '{}'),
  ('GA00341', 'UHF R1', 2, 1, 1, 1, true, true, 'not APX 8500 high power', '{}'),
  ('GA00342', 'UHF R1', 2, 1, 1, 1, true, true, 'APX 8500 high power', '{}'),
  ('QA00571', 'UHF R1', 2, 1, 1, 1, false, true, '', '{}'),
  ('GA00244', '700/800 MHz first band', 2, 0, 5, 1, true, false, '', '{}'),
  ('GA00306', 'VHF', 2, 0, 1, 1, true, true, 'not APX 8500 high power', '{}'),
  ('GA00307', 'VHF', 2, 0, 1, 1, true, true, 'APX 8500 high power', '{}'),
  ('QA00569', '700/800 MHz first band', 2, 0, 5, 1, false, false, '', '{}'),
  ('QA00570', 'VHF', 2, 0, 1, 1, false, true, '', '{}'),
  ('GA00306', 'VHF first band, mid power', 2, 0, 5, 2, true, false, '', '{}'),
  ('QA00570', 'VHF first band', 2, 0, 5, 2, false, false, '', '{}'),
  ('GA00307', 'VHF first band, high power', 2, 0, 5, 3, true, false, '', '{}'),
  ('GA00341', 'UHF R1 first band, mid power', 2, 0, 5, 4, true, false, '', '{}'),
  ('QA00571', 'UHF R1 first band', 2, 0, 5, 4, false, false, '', '{}'),
  ('GA00342', 'UHF R1 first band, high power', 2, 0, 5, 5, true, false, '', '{}'),
  ('GA00969', '900 MHz first band', 2, 0, 5, 6, true, false, '', '{}'),
  ('QA03056', '900 MHz first band', 2, 0, 5, 6, false, false, '', '{}'),
  ('QA04832', '800/900 MHz first band', 2, 0, 5, 7, false, false, '', '{}'),
  ('GA00345', 'UHF R2 first band, mid power', 2, 0, 5, 8, true, false, '', '{}'),
  ('QA00572', 'UHF R2 first band', 2, 0, 5, 8, false, false, '', '{}'),
  ('GA09001', 'Wi-Fi', 3, 5, 1, 1, true, NULL, '', '{wifi}'),
  ('QA09001', 'Wi-Fi', 3, 5, 1, 1, false, NULL, '', '{wifi}'),
  ('QA07516', 'NYPD VX-P944', 3, 4, 1, 1, false, true, '', '{}'),
  ('GA01574', 'AES in software', 3, 3, 1, 1, true, true, '', '{software_aes}'),
  ('QA06653', 'AES in software', 3, 3, 1, 1, false, true, '', '{software_aes}'),
  ('QA09006', 'Noise suppression, adaptive', 3, 2, 1, 1, false, true, '', '{}'),
  ('GA00225', '700/800 MHz second band', 3, 0, 5, 1, true, false, '', '{}'),
  ('QA00573', '700/800 MHz second band', 3, 0, 5, 1, false, false, '', '{}'),
  ('GA00308', 'VHF second band, mid power', 3, 0, 5, 2, true, false, '', '{}'),
  ('QA00574', 'VHF second band', 3, 0, 5, 2, false, false, '', '{}'),
  ('GA00309', 'VHF second band, high power', 3, 0, 5, 3, true, false, '', '{}'),
  ('GA00343', 'UHF R1 second band, mid power', 3, 0, 5, 4, true, false, '', '{}'),
  ('QA00575', 'UHF R1 second band', 3, 0, 5, 4, false, false, '', '{}'),
  ('GA00344', 'UHF R1 second band, high power', 3, 0, 5, 5, true, false, '', '{}'),
  ('GA00346', 'UHF R2 second band, mid power', 3, 0, 5, 8, true, false, '', '{}'),
  ('QA00576', 'UHF R2 second band', 3, 0, 5, 8, false, false, '', '{}'),
  ('GA01267', 'RSI data modem', 4, 5, 1, 1, true, NULL, '', '{}'),
  ('QA01768', 'More zones by a bank button', 4, 4, 1, 1, false, NULL, '', '{}'),
  ('QA01648', 'Advanced system key needed to program', 4, 3, 1, 1, NULL, NULL, '', '{}'),
  ('QA01749', 'Software system keys allowed', 4, 2, 1, 1, NULL, NULL, '', '{}'),
  ('QA00583', 'Bluetooth', 4, 1, 1, 1, NULL, NULL, '', '{bluetooth}'),
  ('GA00579', 'Second band switched on', 4, 0, 1, 1, true, NULL, '', '{}'),
  ('QA00579', 'Second band switched on', 4, 0, 1, 1, false, NULL, '', '{}'),
  ('GA09008', 'Group services', 5, 5, 1, 1, true, NULL, '', '{}'),
  ('QA09008', 'Group services', 5, 5, 1, 1, false, NULL, '', '{}'),
  ('G683', 'One-touch status', 5, 4, 1, 1, true, NULL, '', '{}'),
  ('H46', 'One-touch status', 5, 4, 1, 1, false, NULL, '', '{}'),
  ('G51', 'SmartZone trunking', 5, 3, 1, 1, true, NULL, '', '{smartzone}'),
  ('H38', 'SmartZone trunking', 5, 3, 1, 1, false, NULL, '', '{smartzone}'),
  ('G50', 'SmartNet trunking', 5, 2, 1, 1, true, NULL, '', '{}'),
  ('H37', 'SmartNet trunking', 5, 2, 1, 1, false, NULL, '', '{}'),
  ('QA01843', 'Fall alert', 5, 1, 1, 1, NULL, NULL, '', '{}'),
  ('GA01771', 'Enhancement level 2', 5, 0, 1, 1, true, NULL, '', '{}'),
  ('QA01771', 'Enhancement level 2', 5, 0, 1, 1, false, NULL, '', '{}'),
  ('GA01545', 'Tethering to a VML modem', 6, 5, 1, 1, NULL, NULL, '', '{}'),
  ('G193', 'ADP in software', 6, 4, 1, 1, true, NULL, '', '{software_adp}'),
  ('Q667', 'ADP in software', 6, 4, 1, 1, false, NULL, '', '{software_adp}'),
  ('G507', '12.5 kHz only', 6, 3, 1, 1, true, NULL, '', '{}'),
  ('Q507', '12.5 kHz only', 6, 3, 1, 1, false, NULL, '', '{}'),
  ('H04', 'Tactical rekey, conventional', 6, 2, 1, 1, NULL, NULL, '', '{}'),
  ('GA01833', 'Noise reduction, extreme', 6, 1, 1, 1, true, NULL, '', '{}'),
  ('QA01833', 'Noise reduction, extreme', 6, 1, 1, 1, false, NULL, '', '{}'),
  ('QA00631', 'DVRS, portable', 6, 0, 1, 1, NULL, NULL, '', '{}'),
  ('QA03344', 'LTE', 7, 4, 1, 1, false, NULL, '', '{lte}'),
  ('GA00631', 'DVRS, mobile', 7, 3, 1, 1, true, NULL, '', '{}'),
  ('GA00469', 'Extended dispatch', 7, 2, 1, 1, true, NULL, '', '{}'),
  ('GA01770', 'Enhancement level 1', 7, 1, 1, 1, true, NULL, '', '{}'),
  ('QA01770', 'Enhancement level 1', 7, 1, 1, 1, false, NULL, '', '{}'),
  ('GA00229', 'GPS', 7, 0, 1, 1, true, NULL, '', '{gps}'),
  ('QA00782', 'GPS', 7, 0, 1, 1, false, NULL, '', '{gps}'),
  ('GA09012', 'Geofence, mission critical', 8, 5, 1, 1, true, NULL, '', '{}'),
  ('QA09012', 'Geofence, mission critical', 8, 5, 1, 1, false, NULL, '', '{}'),
  ('QA03399', 'Enhanced data', 8, 4, 1, 1, NULL, NULL, '', '{}'),
  ('GA00898', 'V.24', 8, 3, 1, 1, true, NULL, '', '{}'),
  ('QA02751', 'APX Li', 8, 2, 1, 1, NULL, NULL, '', '{}'),
  ('QA02811', '9600 or 3600, one system', 8, 1, 1, 1, NULL, NULL, '', '{}'),
  ('Q947', 'Packet data', 8, 0, 1, 1, false, NULL, '', '{}'),
  ('W947', 'Packet data', 8, 0, 1, 1, true, NULL, '', '{}'),
  ('GA09011', 'Tethering to another modem', 9, 5, 1, 1, NULL, NULL, '', '{}'),
  ('GA00982', 'Site alerts on P25 trunking', 9, 3, 1, 1, true, NULL, '', '{}'),
  ('QA00982', 'Site alerts on P25 trunking', 9, 3, 1, 1, false, NULL, '', '{}'),
  ('G173', 'OmniLink zones', 9, 2, 1, 1, true, NULL, '', '{}'),
  ('Q173', 'OmniLink zones', 9, 2, 1, 1, false, NULL, '', '{}'),
  ('G387', 'Voting scan, conventional', 9, 1, 1, 1, true, NULL, '', '{}'),
  ('Q387', 'Voting scan, conventional', 9, 1, 1, 1, false, NULL, '', '{}'),
  ('G53', 'Front panel programming, FCC', 9, 0, 1, 1, true, NULL, '', '{}'),
  ('Q53', 'Front panel programming, FCC', 9, 0, 1, 1, false, NULL, '', '{}'),
  ('QA06985', 'Night vision displays', 10, 5, 1, 1, false, NULL, '', '{}'),
  ('GA01058', 'Dual radio', 10, 4, 1, 1, true, NULL, '', '{}'),
  ('G361', 'P25 trunking, 9600 baud', 10, 3, 1, 1, true, NULL, '', '{trunking_9600}'),
  ('Q361', 'P25 trunking, 9600 baud', 10, 3, 1, 1, false, NULL, '', '{trunking_9600}'),
  ('QA03176', 'Collaboration with phones', 10, 2, 1, 1, false, NULL, '', '{}'),
  ('H02', 'Tactical inhibit, encrypted', 10, 1, 1, 1, NULL, NULL, '', '{tactical_inhibit}'),
  ('GA00580', 'P25 Phase 2 (TDMA)', 10, 0, 1, 1, true, NULL, '', '{phase2_tdma}'),
  ('QA00580', 'P25 Phase 2 (TDMA)', 10, 0, 1, 1, false, NULL, '', '{phase2_tdma}'),
  ('GA01630', 'SmartConnect', 11, 5, 1, 1, true, NULL, '', '{}'),
  ('QA07682', 'SmartConnect', 11, 5, 1, 1, false, NULL, '', '{}'),
  ('QA03986', 'VPN gateway, encrypted', 11, 4, 1, 1, false, NULL, '', '{}'),
  ('QA03768', 'Data over P25', 11, 3, 1, 1, false, NULL, '', '{}'),
  ('G857', 'FDNY emergency tones', 11, 2, 1, 1, NULL, NULL, '', '{}'),
  ('QA00577', 'Front display and keypad', 11, 1, 1, 1, false, NULL, '', '{}'),
  ('G445', 'Personnel accountability', 11, 0, 1, 1, true, NULL, '', '{}'),
  ('Q445', 'Personnel accountability', 11, 0, 1, 1, false, NULL, '', '{}'),
  ('HA00677', 'DVRS, scan of conventional channels', 13, 5, 1, 1, NULL, NULL, '', '{}'),
  ('GA01731', 'DES in software', 13, 4, 1, 1, true, NULL, '', '{software_des}'),
  ('QA07949', 'DES in software', 13, 4, 1, 1, false, NULL, '', '{software_des}'),
  ('QA09022', 'SmartConnect over broadband', 13, 3, 1, 1, false, NULL, '', '{}'),
  ('GA01620', 'OTAR on several systems', 13, 2, 1, 1, true, NULL, '', '{multi_system_otar}'),
  ('QA07680', 'OTAR on several systems', 13, 2, 1, 1, false, NULL, '', '{multi_system_otar}'),
  ('QA09028', 'ViQi voice control', 13, 0, 1, 1, NULL, NULL, '', '{}'),
  ('QA08715', 'Voice control, basic', 14, 5, 1, 1, NULL, NULL, '', '{}'),
  ('QA08676', 'Speaker volume, adaptive', 14, 4, 1, 1, NULL, NULL, '', '{}'),
  ('QA08887', 'LTE hardware', 14, 3, 1, 1, NULL, NULL, '', '{}'),
  ('HA00680', 'ATAK', 14, 2, 1, 1, NULL, NULL, '', '{}'),
  ('HA00679', 'CeoTronics MultiPTT 3C', 14, 1, 1, 1, NULL, NULL, '', '{}'),
  ('QA08157', 'ETSI region', 14, 0, 1, 1, NULL, NULL, '', '{}'),
  ('QA10089', 'Noise reduction, intelligent', 15, 3, 1, 1, NULL, NULL, '', '{}'),
  ('QA09776', 'Web browser', 15, 2, 1, 1, NULL, NULL, '', '{}'),
  ('QA09772', 'Several codeplugs', 15, 1, 1, 1, NULL, NULL, '', '{}'),
  ('QA09092', 'Tactical services', 15, 0, 1, 1, NULL, NULL, '', '{}');
INSERT INTO radioshop.flashport_model (number_key, refresh)
  SELECT btrim(m.number, E' \n'), true FROM unnest(string_to_array('
    H15KDF9PW6AN,H15UCF9PW6AN,H15XDF9PW6AN,H24KDF9PW6AN,H24XDF9PW6AN,H25KDF9PW6AN,H25UCF9PW6AN,H25XDF9PW6AN,H35KET9PW8AN,
    H35UCT9PW8AN,H35XDT9PW8AN,H45TGT9PW8AN,H45TGU9PW8AN,H55TGT9PW8AN,H55TGT9PW8BN,H55TGT9RW8AN,H55TGU9PW8AN,H55TGU9PW8BN,
    H91TGD9PW4AN,H91TGD9PW5AN,H91TGD9PW6AN,H91TGD9PW7AN,H91TGD9PW8AN,H91TGD9PW9AN,H92KDF9PW6AN,H92KDH9PW7AN,H92QDF9PW6AN,
    H92QDH9PW7AN,H92SDF9PW6AN,H92SDH9PW7AN,H92UCF9PW6AN,H92UCH9PW7AN,H92WCF9PW6AN,H92WCH9PW7AN,H93KDF9PW6AN,H93KDH9PW7AN,
    H93QDF9PW6AN,H93QDH9PW7AN,H93SDF9PW6AN,H93SDH9PW7AN,H94QDH9PW7AN,H94UCH9PW7AN,H98KGD9PW5BN,H98KGF9PW6BN,H98KGH9PW7BN,
    H98QDD9PW5BN,H98QDF9PW6BN,H98QDH9PW7BN,H98SDD9PW5BN,H98SDF9PW6BN,H98SDH9PW7BN,H98UCD9PW5BN,H98UCF9PW6BN,H98UCH9PW7BN,
    H99KGD9PW5BN,H99KGH9PW7BN,H99QDD9PW5BN,H99QDH9PW7BN,H99UCD9PW5BN,H99UCH9PW7BN,L37TSS9PW1AN,L37TSS9PW1CN,M22KSS9PW1BN,
    M22QSS9PW1BN,M22SSS9PW1BN,M22URS9PW1BN,M22URS9PW1CN,M22VRS9PW1CN,M24KSS9PW1BN,M24QSS9PW1BN,M24SSS9PW1BN,M24URS9PW1BN,
    M24URS9PW1CN,M25KSS9PW1BN,M25QSS9PW1BN,M25SSS9PW1BN,M25URS9PW1BN,M25URS9PW1CN,M25VRS9PW1CN,M36KSS9PW1BN,M36QSS9PW1BN,
    M36SSS9PW1BN,M36URS9PW1BN,M36URS9PW1CN,M37TSS9PW1AN,M37TSS9PW1CN,M37TXS9PW1AN,M37TXS9PW1CN,T05TSS9PW1AN,T05TSS9PW1CN', ',')) m (number);
INSERT INTO radioshop.flashport_model (number_key, refresh)
  SELECT btrim(m.number, E' \n'), false FROM unnest(string_to_array('
    H49TGD9PW1AN,H51KDD9PW5AN,H51KDF9PW6AN,H51KDH9PW7AN,H51QDD9PW5AN,H51QDF9PW6AN,H51QDH9PW7AN,H51SDD9PW5AN,H51SDF9PW6AN,
    H51SDH9PW7AN,H51UCD9PW5AN,H51UCF9PW6AN,H51UCH9PW7AN,H51VCH9PW7AN,H51WCF9PW6AN,H51WCH9PW7AN,H52KDD9PW5AN,H52KDF9PW6AN,
    H52KDH9PW7AN,H52QDD9PW5AN,H52QDF9PW6AN,H52QDH9PW7AN,H52SDD9PW5AN,H52SDF9PW6AN,H52SDH9PW7AN,H52UCD9PW5AN,H52UCF9PW6AN,
    H52UCH9PW7AN,H59KGD9PW4AN,H59QDD9PW4AN,H59SDD9PW4AN,H59UCD9PW4AN,H84KDD9PW5AN,H84KDF9PW6AN,H84KDH9PW7AN,H84QDD9PW5AN,
    H84QDF9PW6AN,H84QDH9PW7AN,H84SDD9PW5AN,H84SDF9PW6AN,H84SDH9PW7AN,H84UCD9PW5AN,H84UCF9PW6AN,H84UCH9PW7AN,H84WCD9PW5AN,
    H84WCF9PW6AN,H97TGD9PW1AN,H98KGD9PW5AN,H98KGF9PW6AN,H98KGH9PW7AN,H98QDD9PW5AN,H98QDF9PW6AN,H98QDH9PW7AN,H98SDD9PW5AN,
    H98SDF9PW6AN,H98SDH9PW7AN,H98UCD9PW5AN,H98UCF9PW6AN,H98UCH9PW7AN,H99KGD9PW5AN,H99KGH9PW7AN,H99QDD9PW5AN,H99QDH9PW7AN,
    H99UCD9PW5AN,H99UCH9PW7AN,L22WRS9PW1AN,L30KSS9PW1AN,L30KSS9PW1BN,L30QSS9PW1AN,L30QSS9PW1BN,L30SSS9PW1AN,L30SSS9PW1BN,
    L30TSS9PW1AN,L30URS9PW1AN,L30URS9PW1BN,L30WRS9PW1AN,M22KSS9PW1AN,M22QSS9PW1AN,M22SSS9PW1AN,M22URS9PW1AN,M22WRS9PW1AN,
    M24KSS9PW1AN,M24QSS9PW1AN,M24SSS9PW1AN,M24URS9PW1AN,M25KSS9PW1AN,M25KTS9PW1AN,M25QSS9PW1AN,M25QTS9PW1AN,M25SSS9PW1AN,
    M25URS9PW1AN,M30KSS9PW1AN,M30KTS9PW1AN,M30QSS9PW1AN,M30QTS9PW1AN,M30SSS9PW1AN,M30TSS9PW1AN,M30TXS9PW1AN,M30URS9PW1AN,
    M36KSS9PW1AN,M36QSS9PW1AN,M36SSS9PW1AN,M36URS9PW1AN,T05KSS9PW1AN,T05QSS9PW1AN', ',')) m (number);

CREATE TRIGGER record_event AFTER INSERT OR UPDATE OR DELETE ON radioshop.flashcode_option
  FOR EACH ROW EXECUTE FUNCTION radioshop.record_event('flashcode_option', 'part');

ALTER TABLE radioshop.flashcode_option ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY flashcode_option_read ON radioshop.flashcode_option FOR SELECT USING (true);
CREATE POLICY flashcode_option_add ON radioshop.flashcode_option FOR INSERT WITH CHECK ((SELECT radioshop.is_shop()));
CREATE POLICY flashcode_option_remove ON radioshop.flashcode_option FOR DELETE USING ((SELECT radioshop.is_shop()));
GRANT SELECT, INSERT, DELETE ON radioshop.flashcode_option TO radioshop_app;
ALTER TABLE radioshop.flashport_model ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY flashport_model_read ON radioshop.flashport_model FOR SELECT USING (true);
GRANT SELECT ON radioshop.flashport_model TO radioshop_app;

-- The value of some bits of one character.
CREATE FUNCTION radioshop.flashcode_bits(payload text, place int, lsb int, width int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ((strpos('0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz#(+$)&%', substr(payload, place + 1, 1)) - 1) >> lsb) & ((1 << width) - 1)
$$;

-- Whether a radio with these bits can do it; NULL when that depends on the FLASHport refresh, and whether it has that is not known.
CREATE FUNCTION radioshop.flashcode_gives(payload text, capability text, refresh boolean) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  refreshed boolean;
  other boolean;
BEGIN
  SELECT coalesce(bool_or(o.refresh IS NOT false), false), coalesce(bool_or(o.refresh IS NOT true), false) INTO refreshed, other
    FROM radioshop.flashcode_option o
    WHERE o.capabilities @> ARRAY[flashcode_gives.capability]
      AND radioshop.flashcode_bits(flashcode_gives.payload, o."character", o.lsb, o.width) = o.value;
  RETURN CASE WHEN flashcode_gives.refresh THEN refreshed WHEN NOT flashcode_gives.refresh THEN other WHEN refreshed = other THEN refreshed END;
END
$$;

CREATE FUNCTION radioshop.capability_standing(gives boolean) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN gives THEN 'has' WHEN NOT gives THEN 'lacks' ELSE 'not_known' END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- Which radios can do it, and which not

-- The agency and the kinds of radio that are asked for, or why not. Without a class: what has a FLASHcode at all.
CREATE FUNCTION radioshop.refuse_capability(capability text, agency text) RETURNS text LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
BEGIN
  RETURN CASE WHEN refuse_capability.capability IS NULL THEN
      radioshop.refuse('INVALID_ARGUMENT', 'capability', 'say which capability, such as phase2_tdma')
    WHEN refuse_capability.agency <> '' AND NOT EXISTS (SELECT FROM radioshop.agency g
        WHERE g.agency_id = ANY (radioshop.agencies()) AND g.code = upper(btrim(refuse_capability.agency))) THEN
      radioshop.refuse('NOT_FOUND', 'agency', format('no agency has the code %s', btrim(refuse_capability.agency))) END;
END
$$;

-- The radios in order of agency and tag, behind `after`, at most `most`. Retired and disposed ones are left out.
CREATE FUNCTION radioshop.walk_capability(capability text, wanted text[], agency text, class text, after text[], most int)
RETURNS TABLE (code text, agency_id int, asset_id uuid, tag_key text, standing text) LANGUAGE plpgsql STABLE ROWS 50 AS $$
#variable_conflict use_column
DECLARE
  classes constant text[] := CASE WHEN walk_capability.class IS NULL THEN '{portable,mobile,control_station}' ELSE ARRAY[walk_capability.class] END;
  place record;
  behind text;
  key text;
  keys text[];
  refreshed text[];
  others text[];
  n int;
BEGIN
  FOR place IN
    SELECT g.agency_id, g.code FROM radioshop.agency g
      WHERE g.agency_id = ANY (radioshop.agencies()) AND (walk_capability.agency = '' OR g.code = upper(btrim(walk_capability.agency)))
        AND g.code >= coalesce(walk_capability.after[1], '')
      ORDER BY g.code
  LOOP
    behind := CASE WHEN place.code = walk_capability.after[1] THEN walk_capability.after[2] ELSE '' END;
    keys := '{}';
    refreshed := '{}';
    others := '{}';
    key := '';
    LOOP -- from one code to the next different one
      key := (SELECT a.flashcode_key FROM radioshop.asset a WHERE a.agency_id = place.agency_id AND a.flashcode_key > key
        ORDER BY a.flashcode_key LIMIT 1);
      EXIT WHEN key IS NULL;
      keys := keys || key;
      refreshed := refreshed || radioshop.capability_standing(radioshop.flashcode_gives(key, walk_capability.capability, true));
      others := others || radioshop.capability_standing(radioshop.flashcode_gives(key, walk_capability.capability, false));
    END LOOP;
    RETURN QUERY SELECT place.code, r.agency_id, r.asset_id, r.tag_key, r.standing FROM (
      SELECT f.agency_id, f.asset_id, f.tag_key, f.standing FROM unnest(keys, refreshed, others) k (key, refreshed, other)
        CROSS JOIN LATERAL (
          SELECT a.agency_id, a.asset_id, a.tag_key, s.standing FROM radioshop.asset a
            LEFT JOIN radioshop.model m ON k.refreshed <> k.other AND m.model_id = a.model_id
            LEFT JOIN radioshop.flashport_model p ON p.number_key = m.number_key
            CROSS JOIN LATERAL (SELECT CASE WHEN k.refreshed = k.other OR p.refresh THEN k.refreshed WHEN NOT p.refresh THEN k.other
              ELSE 'not_known' END AS standing) s
          WHERE a.agency_id = place.agency_id AND a.flashcode_key = k.key AND a.tag_key > behind
            AND a.class = ANY (classes) AND a.status NOT IN ('retired', 'disposed') AND s.standing = ANY (wanted)
          ORDER BY a.tag_key LIMIT most) f
        WHERE k.refreshed = ANY (wanted) OR k.other = ANY (wanted) OR 'not_known' = ANY (wanted) AND k.refreshed <> k.other
      UNION ALL
      SELECT u.agency_id, u.asset_id, u.tag_key, 'not_known' FROM unnest(classes) c (class)
        CROSS JOIN LATERAL (
          SELECT a.agency_id, a.asset_id, a.tag_key FROM radioshop.asset a
          WHERE a.agency_id = place.agency_id AND a.class = c.class AND a.tag_key > behind
            AND a.flashcode_key IS NULL AND a.status NOT IN ('retired', 'disposed')
          ORDER BY a.tag_key LIMIT most) u
        WHERE 'not_known' = ANY (wanted)) r
      ORDER BY r.tag_key LIMIT most;
    GET DIAGNOSTICS n = ROW_COUNT;
    most := most - n;
    EXIT WHEN most <= 0;
  END LOOP;
END
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- What the codes of one radio say

-- In step with message Decoding.
CREATE TYPE radioshop.decoding_shown AS (
  refusal text, agency text, tag text, serial text, product_code text, built text, build_years int[], model text, unit_type text,
  flashport_refresh text, flashcode text, flashcode_form text, check_digit text, capabilities text[], not_known text[], options jsonb,
  model_parts jsonb, unread_bits text[], warnings text[]
);

-- The years in which a half month may have been, of those that the letter stands for: not after `latest`.
CREATE FUNCTION radioshop.build_years(years int[], month int, half int, latest date) RETURNS int[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(y ORDER BY y), '{}') FROM unnest(years) y WHERE make_date(y, month, CASE half WHEN 1 THEN 1 ELSE 16 END) <= latest
$$;

CREATE FUNCTION radioshop.get_decoding(asset text, serial text, model text, flashcode text) RETURNS radioshop.decoding_shown
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
  shown radioshop.decoding_shown;
  found_asset record;
  made record;
  code record;
  it record;
  class text;
  is_mobile boolean;
  is_refresh boolean;
  latest date := current_date;
BEGIN
  shown.serial := btrim(get_decoding.serial);
  shown.model := upper(btrim(get_decoding.model));
  shown.flashcode := btrim(get_decoding.flashcode);
  IF btrim(get_decoding.asset) <> '' THEN
    found_asset := radioshop.one_asset(get_decoding.asset);
    IF found_asset.refusal IS NOT NULL THEN
      shown.refusal := found_asset.refusal;
      RETURN shown;
    END IF;
    SELECT g.code AS agency, a.tag, a.serial, coalesce(m.number, '') AS model, a.flashcode, a.class, a.purchased_on,
        coalesce(m.manufacturer ILIKE 'motorola%', false) AS motorola
      INTO it FROM radioshop.asset a JOIN radioshop.agency g ON g.agency_id = a.agency_id LEFT JOIN radioshop.model m ON m.model_id = a.model_id
      WHERE a.agency_id = found_asset.agency_id AND a.asset_id = found_asset.asset_id;
    shown.agency := it.agency;
    shown.tag := it.tag;
    shown.serial := coalesce(nullif(shown.serial, ''), it.serial);
    shown.model := coalesce(nullif(shown.model, ''), upper(it.model));
    shown.flashcode := coalesce(nullif(shown.flashcode, ''), it.flashcode);
    class := it.class;
    latest := least(latest, it.purchased_on); -- nothing is built after it was bought
    IF NOT it.motorola AND shown.flashcode = '' AND it.model <> '' THEN
      shown.warnings := ARRAY[format('model %s is not of Motorola; only Motorola''s codes are read', it.model)];
    END IF;
  ELSIF shown.serial = '' AND shown.model = '' AND shown.flashcode = '' THEN
    shown.refusal := radioshop.refuse('INVALID_ARGUMENT', 'asset', 'give an asset, or a serial number, a model number or a FLASHcode');
    RETURN shown;
  END IF;

  IF shown.warnings IS NULL THEN
    made := radioshop.read_motorola_serial(shown.serial);
    shown.product_code := made.product;
    shown.build_years := radioshop.build_years(made.years, made.month, made.half, latest);
    IF made.product IS NOT NULL THEN
      shown.built := format('%s half of %s%s', CASE made.half WHEN 1 THEN 'first' ELSE 'second' END,
        (ARRAY['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'])[made.month],
        ' ' || nullif(array_to_string(shown.build_years, ' or '), ''));
    END IF;
    shown.warnings := ARRAY[radioshop.motorola_serial_warning(shown.serial), CASE WHEN made.product IS NOT NULL AND cardinality(shown.build_years) = 0 THEN
      format('serial %s: it would have been built after it was bought', shown.serial) END];
    -- Where what stands in a model number; what the letters mean is only certain of the first.
    IF shown.model ~ '^[A-Z][0-9]{2}[A-Z0-9]{9}$' THEN
      shown.unit_type := CASE left(shown.model, 1) WHEN 'H' THEN 'portable' WHEN 'L' THEN 'mobile' WHEN 'M' THEN 'mobile' WHEN 'T' THEN 'mobile' END;
      shown.model_parts := (SELECT jsonb_agg(jsonb_build_object('name', p.name, 'value', substr(shown.model, p.at, p.n)) ORDER BY p.at)
        FROM (VALUES (1, 1, 'unit_type'), (2, 2, 'series'), (4, 1, 'band'), (5, 1, 'power'), (6, 1, 'package'), (7, 1, 'channel_spacing'),
          (8, 1, 'primary_operation'), (9, 1, 'system_type'), (10, 3, 'revision')) p (at, n, name));
    END IF;
    is_mobile := CASE coalesce(shown.unit_type, class) WHEN 'mobile' THEN true WHEN 'portable' THEN false END;
  END IF;

  is_refresh := (SELECT p.refresh FROM radioshop.flashport_model p WHERE p.number_key = shown.model);
  shown.flashport_refresh := CASE is_refresh WHEN true THEN 'yes' WHEN false THEN 'no' ELSE 'not known' END;
  code := radioshop.read_flashcode(shown.flashcode);
  shown.warnings := array_remove(shown.warnings || radioshop.flashcode_warning(shown.flashcode), NULL);
  IF code.payload IS NOT NULL THEN
    shown.flashcode_form := CASE WHEN code.short THEN '12 characters' ELSE '24 characters' END;
    shown.check_digit := CASE WHEN code.stated = code.expected THEN 'right' ELSE format('wrong: %s instead of %s', code.stated, code.expected) END;
    SELECT array_agg(o.capability ORDER BY o.capability) FILTER (WHERE o.gives), array_agg(o.capability ORDER BY o.capability) FILTER (WHERE o.gives IS NULL)
      INTO shown.capabilities, shown.not_known
      FROM (SELECT c.capability, radioshop.flashcode_gives(code.payload, c.capability, is_refresh) AS gives
        FROM (SELECT DISTINCT unnest(o.capabilities) AS capability FROM radioshop.flashcode_option o) c) o;
    -- Of two options that differ in what is not known of the radio, both are shown with the condition.
    shown.options := (SELECT jsonb_agg(jsonb_build_object('part', o.part, 'name', o.name, 'only_if', concat_ws(', ',
            CASE WHEN is_mobile IS NULL THEN CASE o.mobile WHEN true THEN 'mobile' WHEN false THEN 'not mobile' END END,
            CASE WHEN is_refresh IS NULL THEN CASE o.refresh WHEN true THEN 'FLASHport refresh' WHEN false THEN 'no FLASHport refresh' END END,
            nullif(o.only_if, ''))) ORDER BY o."character", o.lsb DESC, o.value, o.part)
      FROM radioshop.flashcode_option o
      WHERE radioshop.flashcode_bits(code.payload, o."character", o.lsb, o.width) = o.value
        AND (o.mobile = is_mobile) IS NOT false AND (o.refresh = is_refresh) IS NOT false);
    shown.unread_bits := (SELECT array_agg(format('character %s bit %s', p, b) ORDER BY p, b)
      FROM generate_series(0, 23) p CROSS JOIN generate_series(0, 5) b
      WHERE radioshop.flashcode_bits(code.payload, p, b, 1) = 1 AND NOT EXISTS (SELECT FROM radioshop.flashcode_option o
        WHERE o."character" = p AND b BETWEEN o.lsb AND o.lsb + o.width - 1
          AND radioshop.flashcode_bits(code.payload, p, o.lsb, o.width) = o.value));
  END IF;
  RETURN shown;
END
$$;

-- Adds an option, or takes one away: new options come with new radios.
CREATE FUNCTION radioshop.change_flashcode_option(add boolean, part text, name text, place int, lsb int, width int, value int, only_if text,
  capabilities text[]) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
  IF NOT radioshop.is_shop() THEN
    RETURN radioshop.refuse('PERMISSION_DENIED', '', 'only an administrator of the shop changes what FLASHcodes mean');
  ELSIF add THEN
    INSERT INTO radioshop.flashcode_option (part, name, "character", lsb, width, value, only_if, capabilities)
      VALUES (upper(btrim(part)), btrim(name), place, lsb, width, value, btrim(only_if), coalesce(capabilities, '{}'));
  ELSE
    DELETE FROM radioshop.flashcode_option o WHERE o.part = upper(btrim(part)) AND o."character" = place AND o.lsb = lsb AND o.width = width AND o.value = value;
    IF NOT FOUND THEN
      RETURN radioshop.refuse('NOT_FOUND', 'part', format('no option %s stands at character %s, bit %s with the value %s', part, place, lsb, value));
    END IF;
  END IF;
  RETURN NULL;
END
$$;

UPDATE radioshop.schema_version SET version = 34;

COMMIT;
