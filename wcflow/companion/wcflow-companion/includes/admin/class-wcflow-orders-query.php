<?php
/**
 * The query behind the list of orders, narrowed and ordered by people, in either storage.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Joins people to the list of orders only where a filter or the order by segment is chosen.
 *
 * The table that says whose each order is leads from people to orders by numbers, in either storage.
 */
class Wcflow_Orders_Query {

	const FEW     = 5000;
	const MANY    = 20000;
	const SECONDS = 10;

	/**
	 * The labels that were chosen, by kind, the rarest first.
	 *
	 * @var string[]
	 */
	private static $labels = array();

	/**
	 * Whether so many people have the labels that the newest orders are looked through until the page is full.
	 *
	 * @var bool
	 */
	private static $walks = false;

	/**
	 * Joins and conditions of the list that are not ours.
	 *
	 * @var string[]
	 */
	private static $others = array();

	/**
	 * SQL that counts the orders of the list, where it is narrowed.
	 *
	 * @var string
	 */
	private static $count_sql = '';

	/**
	 * Hook up the query of either storage.
	 */
	public static function init() {
		add_filter( 'woocommerce_shop_order_list_table_prepare_items_query_args', array( __CLASS__, 'prepare' ) );
		add_filter( 'posts_clauses', array( __CLASS__, 'post_clauses' ), 10, 2 );
	}

	/**
	 * Narrow and order the query of the list where that is chosen.
	 *
	 * @param array $args Arguments of wc_get_orders().
	 * @return array
	 */
	public static function prepare( $args ) {
		if ( ! self::wanted() ) {
			return $args;
		}
		self::begin();
		$args['wcflow_list'] = true;
		if ( 'wcflow_segment' === $args['orderby'] ) {
			$args['orderby'] = 'date';
			$args['order']   = 'DESC';
		}
		add_filter( 'woocommerce_orders_table_query_clauses', array( __CLASS__, 'clauses' ), 10, 3 );
		if ( self::$labels ) {
			add_filter( 'woocommerce_orders_table_query_count_sql', array( __CLASS__, 'count_sql' ), 10, 3 );
			add_filter( 'woocommerce_shop_order_list_table_order_count', array( __CLASS__, 'count' ), 10, 2 );
			add_filter( 'woocommerce_before_shop_order_list_table_view_links', array( __CLASS__, 'count_no_more' ) );
		}
		return $args;
	}

	/**
	 * Read the orders that are not known yet, and say so where that takes long: right after the plugin was activated.
	 * Nobody waits for the orders that are read anew once a day.
	 */
	private static function begin() {
		if ( ! Wcflow_Orders::catch_up( Wcflow_Orders::is_complete() ? 0 : self::SECONDS ) ) {
			add_action( 'admin_notices', array( __CLASS__, 'unfinished' ) );
		}
		$people = array();
		foreach ( self::labels() as $kind => $name ) {
			$people[ $kind ] = Wcflow_People::count_labelled( $kind, $name, self::MANY );
		}
		asort( $people );
		self::$labels = array_merge( $people, self::labels() );
		self::$walks  = $people && min( $people ) > self::FEW;
	}

	/**
	 * Print that the list is not complete yet.
	 */
	public static function unfinished() {
		echo '<div class="notice notice-warning"><p>' . esc_html__( 'wcflow is still reading the orders of this shop, so this list is not complete yet. Load it again in a minute.', 'wcflow-companion' ) . '</p></div>';
	}

	/**
	 * Return the labels that were chosen in the filters, by kind.
	 *
	 * @return string[]
	 */
	private static function labels() {
		return array_filter(
			array(
				'segment' => Wcflow_Bulk::chosen( 'wcflow_segment' ),
				'tag'     => Wcflow_Bulk::chosen( 'wcflow_tag' ),
			),
			'strlen'
		);
	}

	/**
	 * Return the way in which the segment orders the list: ASC, DESC or an empty string.
	 *
	 * @return string
	 */
	private static function way() {
		if ( 'wcflow_segment' !== Wcflow_Bulk::chosen( 'orderby' ) ) {
			return '';
		}
		return 'desc' === strtolower( Wcflow_Bulk::chosen( 'order' ) ) ? 'DESC' : 'ASC';
	}

	/**
	 * Return whether a filter or the order by segment was chosen.
	 *
	 * @return bool
	 */
	private static function wanted() {
		return self::labels() || '' !== self::way();
	}

	/**
	 * Narrow and order the query of the list in the orders table.
	 *
	 * @param string[] $clauses Clauses.
	 * @param object   $query   Query.
	 * @param array    $args    Arguments.
	 * @return string[]
	 */
	public static function clauses( $clauses, $query, $args ) {
		if ( empty( $args['wcflow_list'] ) ) {
			return $clauses;
		}
		$orders = $query->get_table_name( 'orders' );
		if ( '' === trim( $clauses['join'] ) ) {
			$clauses['groupby'] = ''; // Our joins give no order twice, and grouping would read all of them.
		}
		self::$others = $clauses;
		if ( self::$walks && '' === self::way() ) {
			return self::walk( $clauses, $orders );
		}
		return self::sort( self::narrow( $clauses, "$orders.id" ), "$orders.id" );
	}

	/**
	 * Look through the orders, the newest first, until the page is full.
	 *
	 * @param string[] $clauses Clauses.
	 * @param string   $orders  Table of orders.
	 * @return string[]
	 */
	private static function walk( $clauses, $orders ) {
		$owners = Wcflow_Tables::name( 'orders' );
		$index  = false === strpos( $clauses['orderby'], 'date_created_gmt' ) ? '' : 'FORCE INDEX (date_created)';

		$clauses['join'] = " $index {$clauses['join']} STRAIGHT_JOIN `$owners` wcflow_o ON wcflow_o.order_id = $orders.id";
		foreach ( array_keys( self::$labels ) as $kind ) {
			$clauses['join'] .= self::join_label( $kind, 'wcflow_o' );
		}
		return $clauses;
	}

	/**
	 * Narrow and order the query of the list in the posts storage.
	 *
	 * @param string[] $clauses Clauses.
	 * @param WP_Query $query   Query.
	 * @return string[]
	 */
	public static function post_clauses( $clauses, $query ) {
		global $wpdb, $pagenow;
		if ( 'edit.php' !== $pagenow || ! $query->is_main_query() || 'shop_order' !== $query->get( 'post_type' ) || ! self::wanted() ) {
			return $clauses;
		}
		self::begin();
		return self::sort( self::narrow( $clauses, "{$wpdb->posts}.ID" ), "{$wpdb->posts}.ID" );
	}

	/**
	 * Narrow a query of orders to those whose person has the chosen labels, beginning with the rarest label.
	 *
	 * @param string[] $clauses Clauses.
	 * @param string   $id      SQL of the order's id.
	 * @return string[]
	 */
	private static function narrow( $clauses, $id ) {
		if ( ! self::$labels ) {
			return $clauses;
		}
		$owners = Wcflow_Tables::name( 'orders' );
		$labels = Wcflow_Tables::name( 'labels' );
		$kinds  = array_keys( self::$labels );
		$rarest = array_shift( $kinds );
		$sql    = "SELECT wcflow_o.order_id FROM `$labels` wcflow_$rarest FORCE INDEX (kind_name)";
		foreach ( $kinds as $kind ) {
			$sql .= self::join_label( $kind, "wcflow_$rarest" );
		}
		$sql .= " STRAIGHT_JOIN `$owners` wcflow_o ON wcflow_o.person = wcflow_$rarest.person WHERE " . self::is_label( $rarest );

		$clauses['where'] .= " AND $id IN ( $sql )";
		return $clauses;
	}

	/**
	 * Order a query of orders by segment where that is wanted; orders of people without one come last.
	 *
	 * @param string[] $clauses Clauses.
	 * @param string   $id      SQL of the order's id.
	 * @return string[]
	 */
	private static function sort( $clauses, $id ) {
		$way    = self::way();
		$owners = Wcflow_Tables::name( 'orders' );
		$labels = Wcflow_Tables::name( 'labels' );
		if ( '' !== $way ) {
			$clauses['join']   .= " LEFT JOIN `$owners` wcflow_p ON wcflow_p.order_id = $id";
			$clauses['join']   .= " LEFT JOIN `$labels` wcflow_s ON wcflow_s.person = wcflow_p.person AND wcflow_s.kind = 'segment'";
			$clauses['orderby'] = "wcflow_s.name IS NULL, wcflow_s.name $way" . ( $clauses['orderby'] ? ', ' . $clauses['orderby'] : '' );
		}
		return $clauses;
	}

	/**
	 * Return a join that keeps the people who have one of the chosen labels.
	 *
	 * @param string $kind  Kind of the label.
	 * @param string $alias Table whose person is meant.
	 * @return string
	 */
	private static function join_label( $kind, $alias ) {
		$labels = Wcflow_Tables::name( 'labels' );
		return " STRAIGHT_JOIN `$labels` wcflow_$kind ON wcflow_$kind.person = $alias.person AND " . self::is_label( $kind );
	}

	/**
	 * Return the condition that a row is one of the chosen labels.
	 *
	 * @param string $kind Kind of the label.
	 * @return string
	 */
	private static function is_label( $kind ) {
		global $wpdb;
		return $wpdb->prepare( "wcflow_$kind.kind = %s AND wcflow_$kind.name = %s", $kind, self::$labels[ $kind ] ); // phpcs:ignore WordPress.DB.PreparedSQL
	}

	/**
	 * Return SQL that counts the orders of the narrowed list, and keep it. It begins with the people.
	 *
	 * @param string $sql   SQL.
	 * @param object $query Query.
	 * @param array  $args  Arguments.
	 * @return string
	 */
	public static function count_sql( $sql, $query, $args ) {
		if ( ! empty( $args['wcflow_list'] ) ) {
			$orders  = $query->get_table_name( 'orders' );
			$clauses = self::narrow( self::$others, "$orders.id" );
			$count   = '' === trim( $clauses['join'] ) ? '*' : "DISTINCT $orders.id";
			$sql     = "SELECT COUNT($count) FROM $orders {$clauses['join']} WHERE {$clauses['where']}";

			self::$count_sql = $sql;
		}
		return $sql;
	}

	/**
	 * Return how many orders the narrowed list has. WooCommerce takes the number of all orders there, which it knows by heart.
	 *
	 * @param int $count Number of all orders.
	 * @return int
	 */
	public static function count( $count ) {
		global $wpdb;
		remove_filter( 'woocommerce_shop_order_list_table_order_count', array( __CLASS__, 'count' ), 10 );
		return '' === self::$count_sql ? $count : (int) $wpdb->get_var( self::$count_sql ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Leave the numbers of the links above the list alone.
	 *
	 * @param array $links Links.
	 * @return array
	 */
	public static function count_no_more( $links ) {
		remove_filter( 'woocommerce_shop_order_list_table_order_count', array( __CLASS__, 'count' ), 10 );
		return $links;
	}
}
