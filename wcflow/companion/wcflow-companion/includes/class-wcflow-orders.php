<?php
/**
 * Whose each order is.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Keeps the person of every order, so that the list of orders is narrowed by an index in either storage.
 *
 * An order belongs to the person of its account, else to the one of its address. Addresses are kept as hashes only.
 */
class Wcflow_Orders {
	const OPTION = 'wcflow_orders';
	const CHUNK  = 1000;

	/**
	 * Reads orders anew, and whose they are; forgets those that are deleted.
	 *
	 * @param int[] $ids Ids of orders.
	 */
	public static function refresh( $ids ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'orders' );
		foreach ( array_chunk( array_values( array_unique( array_map( 'intval', $ids ) ) ), self::CHUNK ) as $some ) {
			$orders = self::read( $some );
			Wcflow_Tables::put( 'orders', array( 'order_id', 'customer_id', 'address', 'person' ), self::rows( $orders ) );
			$gone = implode( ',', array_diff( $some, array_keys( $orders ) ) );
			if ( '' !== $gone ) {
				$wpdb->query( "DELETE FROM `$table` WHERE order_id IN ($gone)" ); // phpcs:ignore WordPress.DB.PreparedSQL
			}
		}
	}

	/**
	 * Reads the orders that are not known yet and says whether all are known then.
	 *
	 * @param float $seconds How long this may take.
	 */
	public static function catch_up( $seconds ) {
		$end   = microtime( true ) + $seconds;
		$state = self::state();
		do {
			$ids = self::next_ids( $state['last'] );
			if ( ! $ids ) {
				break;
			}
			self::refresh( $ids );
			$state['last'] = max( $ids );
			$more          = count( $ids ) === self::CHUNK;
		} while ( $more && microtime( true ) < $end );
		$state['done'] = $state['done'] || empty( $more );
		if ( self::state() !== $state ) {
			update_option( self::OPTION, $state, false );
		}
		return $state['done'];
	}

	/**
	 * Says whether all orders were read once.
	 */
	public static function is_complete() {
		return self::state()['done'];
	}

	/**
	 * Reads all orders anew, little by little: a program may have changed them without telling WordPress.
	 */
	public static function begin_anew() {
		update_option( self::OPTION, array( 'last' => 0 ) + self::state(), false );
	}

	/**
	 * Reads the orders anew whose person changes with some cards. Called when the cards are written.
	 *
	 * @param array[] $people Accounts and addresses by id of the person.
	 */
	public static function follow( $people ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'orders' );
		$ids   = array();
		foreach ( array_chunk( $people, 100, true ) as $some ) {
			$wrong = array();
			foreach ( $some as $person => $known ) {
				$accounts  = implode( ',', array_map( 'intval', $known['accounts'] ) );
				$addresses = "'" . implode( "','", array_merge( array( 'none' ), array_map( 'md5', $known['emails'] ) ) ) . "'";

				$wrong['person'][]      = "( person = $person AND address NOT IN ($addresses)" . ( $accounts ? " AND customer_id NOT IN ($accounts)" : '' ) . ' )';
				$wrong['address'][]     = "( address IN ($addresses) AND person <> $person )";
				$wrong['customer_id'][] = $accounts ? "( customer_id IN ($accounts) AND person <> $person )" : '1=0';
			}
			foreach ( $wrong as $index => $conditions ) {
				// phpcs:ignore WordPress.DB.PreparedSQL -- numbers and hashes.
				$ids = array_merge( $ids, $wpdb->get_col( "SELECT order_id FROM `$table` FORCE INDEX ($index) WHERE " . implode( ' OR ', $conditions ) ) );
			}
		}
		self::refresh( $ids );
	}

	/**
	 * Returns the ids of the orders of some people.
	 *
	 * @param int[] $persons Ids of people.
	 */
	public static function of( $persons ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'orders' );
		$in    = implode( ',', array_map( 'intval', $persons ) );
		return '' === $in ? array() : $wpdb->get_col( "SELECT order_id FROM `$table` WHERE person IN ($in)" ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/**
	 * Says whether orders are kept in WooCommerce's own tables.
	 */
	public static function has_hpos() {
		return class_exists( '\Automattic\WooCommerce\Utilities\OrderUtil' )
			&& \Automattic\WooCommerce\Utilities\OrderUtil::custom_orders_table_usage_is_enabled();
	}

	/**
	 * Returns how far the orders are read: storage, last (the highest id) and done (whether all were read once).
	 */
	private static function state() {
		$storage = self::has_hpos() ? 'orders' : 'posts';
		$state   = get_option( self::OPTION );
		if ( is_array( $state ) && isset( $state['storage'], $state['last'], $state['done'] ) && $storage === $state['storage'] ) {
			return $state;
		}
		return array(
			'last'    => 0,
			'storage' => $storage,
			'done'    => false,
		);
	}

	/**
	 * Returns the ids of the orders that follow one.
	 *
	 * @param int $after Id of an order.
	 */
	private static function next_ids( $after ) {
		global $wpdb;
		$sql = self::has_hpos()
			? "SELECT id FROM {$wpdb->prefix}wc_orders FORCE INDEX (PRIMARY) WHERE type = 'shop_order' AND id > %d ORDER BY id LIMIT %d"
			: "SELECT ID FROM $wpdb->posts FORCE INDEX (PRIMARY) WHERE post_type = 'shop_order' AND ID > %d ORDER BY ID LIMIT %d";
		return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( $sql, $after, self::CHUNK ) ) ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/**
	 * Returns the account and the address of orders, by id.
	 *
	 * @param int[] $ids Ids of orders.
	 */
	private static function read( $ids ) {
		global $wpdb;
		$in     = implode( ',', $ids );
		$orders = array();
		// phpcs:disable WordPress.DB.PreparedSQL
		if ( self::has_hpos() ) {
			$found = $wpdb->get_results( "SELECT id, customer_id, billing_email AS email FROM {$wpdb->prefix}wc_orders WHERE type = 'shop_order' AND id IN ($in)" );
		} else {
			$found = $wpdb->get_results( "SELECT p.ID AS id, MAX( CASE m.meta_key WHEN '_customer_user' THEN m.meta_value END ) AS customer_id, MAX( CASE m.meta_key WHEN '_billing_email' THEN m.meta_value END ) AS email FROM $wpdb->posts p LEFT JOIN $wpdb->postmeta m ON m.post_id = p.ID WHERE p.post_type = 'shop_order' AND p.ID IN ($in) GROUP BY p.ID" );
		}
		// phpcs:enable
		foreach ( (array) $found as $row ) {
			$orders[ (int) $row->id ] = array( max( 0, (int) $row->customer_id ), Wcflow_Cards::email( $row->email ) );
		}
		return $orders;
	}

	/**
	 * Returns rows of the table.
	 *
	 * @param array[] $orders Account and address by id of the order.
	 */
	private static function rows( $orders ) {
		$by_account = Wcflow_People::persons_by_customers( array_unique( array_column( $orders, 0 ) ) );
		$others     = array();
		$rows       = array();
		foreach ( $orders as $order ) {
			if ( ! isset( $by_account[ $order[0] ] ) ) {
				$others[] = $order[1];
			}
		}
		$by_email = Wcflow_People::persons_by_emails( $others );
		foreach ( $orders as $id => $order ) {
			list( $account, $email ) = $order;

			$person = isset( $by_email[ $email ] ) ? $by_email[ $email ] : 0;
			$rows[] = array( $id, $account, '' === $email ? '' : md5( $email ), isset( $by_account[ $account ] ) ? $by_account[ $account ] : $person );
		}
		return $rows;
	}
}
