-- Rows of the demo shop (models/shop.yaml), for a database that `pillion schema --apply` has just made.
BEGIN;
INSERT INTO category (id, name, slug) VALUES
  (1, 'Beans', 'beans'), (2, 'Filter coffee', 'filter'), (3, 'Espresso', 'espresso'), (4, 'Equipment', 'equipment'),
  (5, 'Tea', 'tea'), (6, 'Gifts', 'gifts');

INSERT INTO product (id, sku, name, description, price, stock, weight_grams, roast, brewing_time, attributes,
                     available_from, is_active, created, updated) VALUES
  (1, 'COF-0001', 'Yirgacheffe', 'Washed, from Ethiopia: jasmine, bergamot, lemon.', '14.90', 120, 250.0, 'light', 'PT3M', '{"origin":{"country":"ET","altitude":1950},"notes":["jasmine","bergamot"]}', NULL, 1, '2024-01-08T09:00:00Z', '2024-11-02T10:15:00Z'),
  (2, 'COF-0002', 'Huehuetenango', 'From Guatemala: chocolate, orange.', '12.50', 80, 250.0, 'medium', 'PT3M30S', '{"origin":{"country":"GT","altitude":1700},"notes":["chocolate","orange"]}', NULL, 1, '2024-01-08T09:05:00Z', '2024-01-08T09:05:00Z'),
  (3, 'COF-0003', 'Casa Espresso', 'Our own blend, for milk and without.', '18.00', 200, 500.0, 'dark', 'PT27S', '{"blend":["BR","IN","ET"],"robusta":0.15}', NULL, 1, '2024-01-08T09:10:00Z', '2024-09-30T16:40:00Z'),
  (4, 'COF-0004', 'Gesha Reserve', 'Forty kilograms in the whole world.', '64.00', 6, 100.0, 'light', 'PT3M', '{"origin":{"country":"PA","altitude":1850},"score":92.5,"auction":true}', '2025-03-01', 1, '2024-12-20T12:00:00Z', '2024-12-20T12:00:00Z'),
  (5, 'COF-0005', 'Decaf Cauca', 'Sugar-cane decaffeinated.', '13.20', 45, 250.0, 'medium', 'PT3M', NULL, NULL, 1, '2024-02-01T08:00:00Z', '2024-02-01T08:00:00Z'),
  (6, 'COF-0006', 'Monsooned Malabar', NULL, '11.80', 0, 250.0, 'dark', NULL, '{"origin":{"country":"IN"}}', NULL, 0, '2024-02-01T08:05:00Z', '2024-10-10T10:10:10Z'),
  (7, 'TEA-0001', 'Sencha', 'First flush, Kagoshima.', '9.40', 60, 100.0, NULL, 'PT1M30S', '{"water":{"celsius":75}}', NULL, 1, '2024-02-03T11:00:00Z', '2024-02-03T11:00:00Z'),
  (8, 'TEA-0002', 'Darjeeling FTGFOP', NULL, '12.00', 35, 100.0, NULL, 'PT3M', '{"water":{"celsius":90},"organic":true}', NULL, 1, '2024-02-03T11:05:00Z', '2024-02-03T11:05:00Z'),
  (9, 'TEA-0003', 'Rooibos', 'Without caffeine.', '6.10', 150, 100.0, NULL, 'PT6M', NULL, NULL, 1, '2024-02-03T11:10:00Z', '2024-02-03T11:10:00Z'),
  (10, 'EQP-0001', 'Hand grinder', 'Steel burrs, 38 mm.', '89.00', 14, 640.0, NULL, NULL, '{"burrs_mm":38,"steps":36}', NULL, 1, '2024-02-10T10:00:00Z', '2024-08-15T09:30:00Z'),
  (11, 'EQP-0002', 'Dripper 02', 'Ceramic, white.', '24.50', 40, 420.0, NULL, NULL, '{"cups":[1,4],"colour":"white"}', NULL, 1, '2024-02-10T10:05:00Z', '2024-02-10T10:05:00Z'),
  (12, 'EQP-0003', 'Paper filters, 100', NULL, '6.90', 400, 95.5, NULL, NULL, NULL, NULL, 1, '2024-02-10T10:10:00Z', '2024-02-10T10:10:00Z'),
  (13, 'EQP-0004', 'Gooseneck kettle', '0.9 litres, keeps a temperature.', '129.00', 9, 1310.0, NULL, NULL, '{"watts":1200,"litres":0.9}', NULL, 1, '2024-03-01T14:00:00Z', '2024-03-01T14:00:00Z'),
  (14, 'EQP-0005', 'Scale with timer', 'To a tenth of a gram.', '49.00', 22, 310.0, NULL, NULL, '{"resolution_g":0.1,"max_g":2000}', NULL, 1, '2024-03-01T14:05:00Z', '2024-03-01T14:05:00Z'),
  (15, 'GFT-0001', 'Tasting box', 'Four coffees, 60 g each, and a card.', '29.00', 18, 310.0, NULL, NULL, '{"contains":["COF-0001","COF-0002","COF-0003","COF-0005"]}', '2024-11-15', 1, '2024-11-01T08:00:00Z', '2024-11-01T08:00:00Z'),
  (16, 'GFT-0002', 'Voucher', 'Never runs out.', '50.00', 0, NULL, NULL, NULL, '{"digital":true}', NULL, 1, '2024-11-01T08:05:00Z', '2024-11-01T08:05:00Z');

INSERT INTO product_category (product_id, category_id) VALUES
  (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 3), (4, 1), (4, 2), (4, 6), (5, 1), (5, 2), (6, 1), (6, 3),
  (7, 5), (8, 5), (9, 5), (10, 4), (11, 4), (11, 2), (12, 4), (12, 2), (13, 4), (14, 4), (15, 6), (15, 1), (16, 6);

INSERT INTO customer (id, email, name, phone, birthday, newsletter, joined) VALUES
  (1, 'ada@example.com', 'Ada Bergström', '+46 70 123 45 67', '1985-12-10', 1, '2024-01-10T18:22:05Z'),
  (2, 'bruno@example.com', 'Bruno Keller', NULL, NULL, 0, '2024-01-17T07:45:30Z'),
  (3, 'chloe@example.com', 'Chloé Marchand', '+33 6 12 34 56 78', '1992-02-29', 1, '2024-02-02T12:00:00Z'),
  (4, 'dmitri@example.com', 'Дмитрий Орлов', NULL, '1978-07-01', 0, '2024-03-21T20:15:45.5Z'),
  (5, 'emi@example.com', '佐藤 恵美', '+81 90 1234 5678', '1999-11-03', 1, '2024-05-05T05:05:05Z'),
  (6, 'femi@example.com', 'Femi Adeyemi', NULL, NULL, 1, '2024-08-30T16:30:00Z'),
  (7, 'greta@example.com', 'Greta Lindholm', '+46 73 765 43 21', NULL, 0, '2024-10-12T10:10:00Z'),
  (8, 'hugo@example.com', 'Hugo 🙂 Pinto', NULL, '2001-01-01', 0, '2024-12-24T23:59:59.999Z');

INSERT INTO customer_order (id, number, customer_id, status, placed, shipped_on, note) VALUES
  (1, '5e0f3a52-6d0b-4c1f-9f0e-0d7f6a1b2c01', 1, 'shipped', '2024-02-01T09:12:00Z', '2024-02-02', NULL),
  (2, '5e0f3a52-6d0b-4c1f-9f0e-0d7f6a1b2c02', 3, 'shipped', '2024-02-14T19:40:10Z', '2024-02-16', 'A gift: no invoice in the parcel, please.'),
  (3, '5e0f3a52-6d0b-4c1f-9f0e-0d7f6a1b2c03', 1, 'shipped', '2024-04-03T08:00:00Z', '2024-04-04', NULL),
  (4, '5e0f3a52-6d0b-4c1f-9f0e-0d7f6a1b2c04', 4, 'cancelled', '2024-04-20T21:05:00Z', NULL, 'Ordered twice by mistake.'),
  (5, '5e0f3a52-6d0b-4c1f-9f0e-0d7f6a1b2c05', 5, 'shipped', '2024-06-11T03:30:00Z', '2024-06-13', NULL),
  (6, '5e0f3a52-6d0b-4c1f-9f0e-0d7f6a1b2c06', 6, 'paid', '2024-12-01T10:00:00Z', NULL, NULL),
  (7, '5e0f3a52-6d0b-4c1f-9f0e-0d7f6a1b2c07', 2, 'paid', '2024-12-03T17:17:17Z', NULL, 'Ring twice.'),
  (8, '5e0f3a52-6d0b-4c1f-9f0e-0d7f6a1b2c08', 8, 'open', '2024-12-24T23:59:59.999Z', NULL, NULL);

INSERT INTO order_line (order_id, position, product_id, quantity, unit_price, gift_text) VALUES
  (1, 1, 1, 2, '13.90', NULL), (1, 2, 12, 1, '6.50', NULL),
  (2, 1, 15, 1, '29.00', 'Joyeuse Saint-Valentin !'), (2, 2, 11, 1, '24.50', NULL),
  (3, 1, 3, 2, '17.00', NULL), (3, 2, 14, 1, '49.00', NULL), (3, 3, 7, 1, '9.40', NULL),
  (4, 1, 10, 2, '89.00', NULL),
  (5, 1, 7, 4, '9.40', NULL), (5, 2, 8, 2, '12.00', NULL),
  (6, 1, 4, 1, '64.00', NULL), (6, 2, 13, 1, '129.00', NULL),
  (7, 1, 2, 3, '12.50', NULL), (7, 2, 5, 1, '13.20', NULL), (7, 3, 16, 2, '50.00', 'For coffee at home'),
  (8, 1, 1, 1, '14.90', NULL);
COMMIT;
